import { writeFileSync } from "node:fs";

/** A vitest reporter that writes `{ passed, failed, skipped }` to the file named by `RETOOL_TALLY_FILE`. */
export default class TallyReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that does not load, or a hook that throws, has no failing test of its own: it counts as one.
      if (module.errors().length > 0) tally.failed += 1;
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) tally.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") tally.passed += 1;
        else if (state === "skipped") tally.skipped += 1;
        else tally.failed += 1;
      }
    }
    writeFileSync(process.env.RETOOL_TALLY_FILE, JSON.stringify(tally));
  }
}

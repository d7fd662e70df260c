import { writeFileSync } from "node:fs";

/** A vitest reporter that writes `{ passed, failed, skipped, failures }` to the file named by `RETOOL_TALLY_FILE`; failures are names with messages. */
export default class TallyReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const tally = { passed: 0, failed: 0, skipped: 0, failures: [] };
    const fail = (name, errors) => {
      tally.failed += 1;
      const [first = "no error told", ...more] = String(errors?.[0]?.message ?? "no error told").split("\n");
      tally.failures.push(`${name}: ${first}${more.length > 0 ? " …" : ""}`.slice(0, 600));
    };
    for (const error of unhandledErrors) fail("outside of any test", [error]);
    for (const module of modules) {
      const file = `${module.project.name}/${module.relativeModuleId}`;
      // A file that does not load, or a hook that throws, has no failing test of its own: it counts as one.
      if (module.errors().length > 0) fail(file, module.errors());
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) fail(`${file} > ${suite.fullName}`, suite.errors());
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === "passed") tally.passed += 1;
        else if (state === "skipped") tally.skipped += 1;
        else fail(`${file} > ${test.fullName}`, errors);
      }
    }
    writeFileSync(process.env.RETOOL_TALLY_FILE, JSON.stringify(tally));
  }
}

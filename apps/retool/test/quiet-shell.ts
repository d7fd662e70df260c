import type { CliContext } from "../src/shell/cli-context.js";
import { createReporter, type Reporter } from "../src/shell/log.js";
import type { LogRecord, RunFolder } from "@retool-ts/runs";

/** A reporter that says nothing. */
export const QUIET: Reporter = createReporter({ quiet: () => true });

/** A shell that keeps what commands print and shows nothing; `changes` replace parts of it. */
export function quietShell(changes: Partial<CliContext> = {}): CliContext & { readonly printed: readonly string[] } {
  const printed: string[] = [];
  return {
    reporter: QUIET,
    signal: new AbortController().signal,
    print: (text) => void printed.push(text),
    color: false,
    setExitCode: () => undefined,
    printed,
    ...changes,
  };
}

/** Has a run call back after each record of metrics that it has written. */
export function afterMetrics(run: RunFolder, seen: (record: LogRecord) => void): void {
  const append = run.appendMetrics.bind(run);
  run.appendMetrics = async (record) => {
    await append(record);
    seen(record);
  };
}

import type { Command } from "commander";
import type { Reporter } from "./log.js";

/** Things that the shell hands to each command. */
export interface CliContext {
  /** Says what is going on, on stderr; silent under `--quiet`. */
  readonly reporter: Reporter;
  /** Aborted by the first Ctrl-C. Save, then throw an error named `AbortError` whose message says how to go on. */
  readonly signal: AbortSignal;
  /** Writes a result to stdout. */
  readonly print: (text: string) => void;
  /** True where printed text may be coloured. */
  readonly color: boolean;
  /** The exit code of a command that ends without an error but did not succeed. */
  readonly setExitCode: (code: number) => void;
}

/** Adds commands to a program. */
export type RegisterCommands = (program: Command, context: CliContext) => void;

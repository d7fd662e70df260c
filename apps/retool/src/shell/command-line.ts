import { Command } from "commander";
import { registerCommands } from "../commands/index.js";
import type { Reporter } from "./log.js";
import { packageVersion } from "./version.js";

export { packageVersion };

/** What the shell hands to each command. */
export interface CliContext {
  /** Says what is going on, on stderr; silent under `--quiet`. */
  readonly reporter: Reporter;
  /** Aborted by the first Ctrl-C. Save, then throw an error named `AbortError` whose message says how to go on. */
  readonly signal: AbortSignal;
  /** Writes a result to stdout. */
  readonly print: (text: string) => void;
  /** Whether what is printed may be coloured. */
  readonly color: boolean;
  /** The exit code of a command that ends without an error but did not succeed. */
  readonly setExitCode: (code: number) => void;
}

const EXAMPLES = `
Examples:
  $ retool quickstart                           learn to use a tool in minutes, on one processor
  $ retool report runs/quickstart               see what was learned, in a browser
  $ retool inspect runs/quickstart --wrong      read rollouts that went wrong
  $ retool doctor                               find out what this machine can do

Exit codes: 0 done, 1 failed, 2 bad usage or config, 130 interrupted.
Environment: RETOOL_DEBUG=1 prints the stack of an error, NO_COLOR=1 turns colours off.`;

/** Asks for the value of `--quiet` of whatever command runs. */
export interface QuietFlag {
  quiet: boolean;
}

/** Adds commands to a program. */
export type RegisterCommands = (program: Command, context: CliContext) => void;

export function createProgram(context: CliContext, flag: QuietFlag, register: RegisterCommands = registerCommands): Command {
  const program = new Command("retool")
    .description("Trains language models to use tools, by reinforcement learning (ReTool).")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .showHelpAfterError("(see --help)")
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText("after", EXAMPLES);
  register(program, context);
  for (const command of program.commands) command.option("-q, --quiet", "print no progress");
  return program.hook("preAction", (_, command) => {
    flag.quiet = command.opts()["quiet"] === true;
  });
}

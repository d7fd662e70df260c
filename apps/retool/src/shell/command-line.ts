import { visibleText } from "@retool-ts/runs";
import { Command } from "commander";
import type { CliContext, RegisterCommands } from "./cli-context.js";
import { addHelpCommands } from "./help-command.js";
import { showDefaults } from "./option-texts.js";
import { packageVersion } from "./version.js";

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

/** The program with the commands that `register` adds. */
export function createProgram(context: CliContext, flag: QuietFlag, register: RegisterCommands): Command {
  const program = new Command("retool")
    .description("Trains language models to use tools, by reinforcement learning (ReTool).")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .showHelpAfterError("(see --help)")
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(visibleText(text)) })
    .exitOverride()
    .addHelpText("after", EXAMPLES);
  register(showDefaults(program), context);
  for (const command of program.commands) command.option("-q, --quiet", "print no progress", false);
  addHelpCommands(program);
  return program.hook("preAction", (_, command) => {
    flag.quiet = command.opts()["quiet"] === true;
  });
}

import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { wholeNumber } from "./option-values.js";
import type { PlaygroundCommandOptions } from "./playground-run.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("playground")
    .description("a page on which a small model learns to use a tool, in the browser itself")
    .option("--port <n>", "port of 127.0.0.1; 0 takes a free one", wholeNumber, 0)
    .addOption(
      new Option("--open <boolean>", "show it in the browser when a person is at the terminal").choices(["true", "false"]).default("true"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  $ retool playground\n  $ retool playground --port 8091 --open false\n\nThe first line of stdout is the address. Ctrl-C ends it.",
    )
    .action(async (options: PlaygroundCommandOptions) => {
      const { playground } = await import("./playground-run.js");
      await playground(options, context);
    });
}

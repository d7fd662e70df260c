import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { wholeNumber } from "./option-values.js";
import type { WatchCommandOptions } from "./watch-run.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("watch")
    .description("follow runs in the browser: progress, curves, rollouts, differences and settings")
    .argument("[runs...]", "folders of runs, or folders of such folders", ["runs"])
    .option("--host <address>", "address to listen at; another than loopback needs a token", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber, 0)
    .addOption(optional("--token <text>", "key that the page's address carries", "RETOOL_WATCH_TOKEN, else none"))
    .addOption(
      new Option("--open <boolean>", "show it in the browser when a person is at the terminal").choices(["true", "false"]).default("true"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  $ retool watch\n  $ retool watch runs/quickstart runs/other --port 8090\n\nThe first line of stdout is the address. Ctrl-C ends it.",
    )
    .action(async (runs: readonly string[], options: WatchCommandOptions) => {
      const { watch } = await import("./watch-run.js");
      await watch(runs, options, context);
    });
}

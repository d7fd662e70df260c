import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { repeated } from "./option-values.js";
import type { RescoreOptions } from "./rescore-run.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("rescore")
    .description("grade the rollouts of a run anew, with another reward; the run stays as it is")
    .argument("<run>", "folder of a run, or one of its trajectories files")
    .option("-s, --set <key=value>", "one setting over the run's config, such as reward.rule=boxed-exact; may be repeated", repeated, [])
    .option("--plugin <file>", "module with rewards of your own; may be repeated", repeated, [])
    .addOption(
      optional("-o, --output <folder>", "write the rollouts with their new scores to trajectories/ in this folder", "nothing is written"),
    )
    .option("--json", "print the counts as JSON", false)
    .addHelpText(
      "after",
      "\nExample:\n  $ retool rescore runs/quickstart --set reward.rule=boxed-exact --output runs/strict\n  $ retool train runs/quickstart --rollouts runs/strict --output runs/replayed",
    )
    .action(async (run: string, options: RescoreOptions) => {
      const { rescore } = await import("./rescore-run.js");
      await rescore(run, options, context);
    });
}

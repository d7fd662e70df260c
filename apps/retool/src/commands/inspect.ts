import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { InspectOptions } from "./inspect-run.js";
import { optional } from "../shell/option-texts.js";
import { wholeNumber } from "./option-values.js";

type Options = Pick<InspectOptions, "phase" | "step" | "problem" | "limit"> & {
  readonly wrong?: boolean;
  readonly right?: boolean;
  readonly json?: boolean;
};

export function register(program: Command, context: CliContext): void {
  program
    .command("inspect")
    .description("read rollouts in the terminal: prompt, reasoning, code, output, answer, verdict")
    .argument("<run>", "folder of a run, or one of its trajectories files")
    .addOption(optional("--phase <name>", "only this phase, such as coldStart, train or final", "all"))
    .addOption(optional("--step <number>", "only this step", "all", wholeNumber))
    .addOption(optional("--problem <id>", "only this problem", "all"))
    .option("--wrong", "only rollouts with a wrong answer", false)
    .option("--right", "only rollouts with a right answer", false)
    .option("-n, --limit <number>", "show at most so many", wholeNumber, 10)
    .option("--json", "print one JSON object per line", false)
    .addHelpText(
      "after",
      "\nExamples:\n  $ retool inspect runs/quickstart --phase final --wrong -n 3\n  $ retool inspect runs/quickstart --json | jq .stopReason",
    )
    .action(async (run: string, { wrong = false, right = false, json = false, ...filter }: Options) => {
      const { inspect } = await import("./inspect-run.js");
      const correct = wrong === right ? {} : { correct: right };
      await inspect(run, { ...filter, ...correct }, { json, print: context.print, color: context.color });
    });
}

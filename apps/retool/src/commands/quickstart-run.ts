import type { CliContext } from "../shell/cli-context.js";
import { commandLine } from "../shell/command-name.js";
import type { RunOptions } from "./run-options.js";
import type { GradedRollout } from "@retool-ts/evaluate";
import { renderRecord } from "@retool-ts/report";
import { hasColor } from "../shell/log.js";
import { runJson, runParts, runText } from "./recipe-run.js";
import { toRecord } from "@retool-ts/runs";

/** The tiny recipe from beginning to end, told to a newcomer. */
export async function quickstart(options: RunOptions, context: CliContext): Promise<void> {
  const { reporter } = context;
  let shown: string | undefined;
  const show = (title: string, phase: string, groups: readonly (readonly GradedRollout[])[], step: number) => {
    const rollouts = groups.map(([first]) => first!);
    // Before: a problem it gets wrong without the tool. After: the same problem.
    const pick =
      rollouts.find(({ problem }) => problem.id === shown) ??
      rollouts.find(({ reward, trajectory }) => !reward.correct && trajectory.toolCalls.length === 0) ??
      rollouts[0]!;
    shown = pick.problem.id;
    reporter.say(`\n${title}\n${renderRecord(toRecord(pick, { phase, step }), { color: hasColor(process.stderr) })}`);
  };
  const result = await runParts("quickstart", { sft: true, rl: true }, options, context, {
    onSftBegin: () => {
      reporter.say(
        "A small language model with random weights will learn to solve maths problems by writing JavaScript,\nwhich runs in a sandbox while it thinks. Nothing is downloaded; everything happens in this process.",
      );
      reporter.step(
        "1. Cold start (SFT)",
        "imitates generated solutions whose code really ran: first how to write code, then a mixture in which half of them guess or calculate in the head. It is cut short on purpose, as in the paper.",
      );
    },
    onColdStart: (groups, step) => show("One rollout before RL:", "coldStart", groups, step),
    onRlBegin: () =>
      reporter.step(
        "2. Reinforcement learning (GRPO)",
        "samples eight answers to each problem, runs their code, rewards right final answers (+1, else -1), and makes what did better than its group more likely. Interpreter output carries no gradient.",
      ),
    onFinal: (groups, step) => show("The same problem after RL:", "final", groups, step),
  });
  if (result === undefined) return;
  const [{ writeReport }, { parse }] = await Promise.all([import("@retool-ts/report"), import("yaml")]);
  const report = await writeReport(options.output, undefined, { parseConfig: parse });
  if (options.json === true) return context.print(runJson(result, { report }));
  context.print(`${runText(result)}\nreport:     ${report}`);
  context.print(`rollouts:   ${commandLine("inspect", options.output)}\ntalk to it: ${commandLine("chat", options.output)}`);
}

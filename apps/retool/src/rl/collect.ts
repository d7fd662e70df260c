import { gradedRollouts, type GradedRollout } from "../evaluate.js";
import type { ProblemSource } from "../problem-source.js";
import type { RlState, RunContext } from "../run-context.js";
import type { GroupedRollout } from "./sample.js";

/** What one step of RL learns from. */
export interface StepRollouts {
  /** All rollouts of the step, group by group. */
  readonly rollouts: readonly GroupedRollout[];
  /** With `remax`, the score of each group's response at temperature 0. */
  readonly greedyScores?: readonly number[];
  /** Of the sampling itself. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Rolls out the step's problems with the current weights and grades every rollout. */
export async function collectRollouts(context: RunContext, source: ProblemSource, { step }: RlState): Promise<StepRollouts> {
  const { promptsPerStep, groupSize, sampling, advantage } = context.config.train;
  const { model, environment, config, signal } = context;
  const request = {
    problems: Array.from({ length: promptsPerStep }, (_, i) => source.problem(step * promptsPerStep + i)),
    seed: config.seed,
    step,
    ...(signal === undefined ? {} : { signal }),
  };
  let shared = { calls: 0, hits: 0 };
  const groups = await gradedRollouts(model, environment, {
    ...request,
    samples: groupSize,
    sampling,
    onToolCalls: (stats) => (shared = stats),
  });
  const rollouts = grouped(groups);
  const metrics = { "rollout/shared_result_share": shared.calls === 0 ? 0 : shared.hits / shared.calls };
  if (advantage !== "remax") return { rollouts, metrics };
  const greedy = await gradedRollouts(model, environment, {
    ...request,
    samples: 1,
    sampling: { temperature: 0, topP: 1, topK: 0 },
  });
  return { rollouts, metrics, greedyScores: greedy.map(([rollout]) => rollout!.reward.score) };
}

function grouped(groups: readonly (readonly GradedRollout[])[]): GroupedRollout[] {
  return groups.flatMap((rollouts, group) => rollouts.map((rollout) => ({ ...rollout, group })));
}

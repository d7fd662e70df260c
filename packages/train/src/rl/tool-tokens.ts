import type { Scorer, TrainingRow } from "@retool-ts/engine";
import type { Trajectory } from "@retool-ts/rollout";
import type { TrainConfig } from "../train-config.js";
import type { GroupedRollout } from "./sample.js";

/**
 * Rollouts have the mask of section 2.3 of "ReTool" (https://arxiv.org/abs/2504.11536): tools' tokens are not the policy's. With
 * `maskToolTokens: false` it is taken away, and masks and log-probabilities cover the whole response. The sampler never chose those
 * tokens, so their log-probabilities are those of a forward pass by the weights that sampled the rest.
 */
export async function applyToolMask(
  rollouts: readonly GroupedRollout[],
  engine: Scorer,
  { maskToolTokens, sampling }: Pick<TrainConfig, "maskToolTokens" | "sampling">,
): Promise<readonly GroupedRollout[]> {
  if (maskToolTokens) return rollouts;
  const withTools = rollouts.filter(({ trajectory }) => trajectory.segments.some(({ kind }) => kind === "tool"));
  if (withTools.length === 0) return rollouts;
  const logProbs = await engine.logProbs(withTools.map(({ trajectory }) => toolRow(trajectory)), { temperature: sampling.temperature }); // prettier-ignore
  const ofTools = new Map(withTools.map((rollout, i) => [rollout, logProbs[i]!]));
  return rollouts.map((rollout) => {
    const added = ofTools.get(rollout);
    return added === undefined ? rollout : { ...rollout, trajectory: wholeResponse(rollout.trajectory, added) };
  });
}

/** The trajectory as a row whose targets are the tools' tokens. */
function toolRow({ tokenIds, segments }: Trajectory): TrainingRow {
  const lossMask = new Uint8Array(tokenIds.length);
  for (const { kind, start, end } of segments) if (kind === "tool") lossMask.fill(1, start, end);
  return { tokenIds, lossMask };
}

function wholeResponse(trajectory: Trajectory, toolLogProbs: Float32Array): Trajectory {
  const { tokenIds, promptLength } = trajectory;
  return {
    ...trajectory,
    lossMask: new Uint8Array(tokenIds.length).fill(1, promptLength),
    logProbs: trajectory.logProbs.map((logProb, t) => logProb + toolLogProbs[t]!), // one of the two is 0
  };
}

import type { LocalEngine, TrainingRow } from "@retool-ts/policy";
import type { Trajectory } from "@retool-ts/rollout";
import type { GroupedRollout } from "./sample.js";

/**
 * Counts the tokens that tools wrote as chosen by the policy, which is what happens without the mask of section 2.3 of "ReTool"
 * (https://arxiv.org/abs/2504.11536). The sampler never chose them, so their log-probabilities are those of a forward pass by the
 * weights that sampled the rest.
 *
 * @returns the rollouts with masks and log-probabilities that cover the whole response.
 */
export async function countToolTokens(
  rollouts: readonly GroupedRollout[],
  engine: Pick<LocalEngine, "logProbs">,
  { temperature }: { readonly temperature: number },
): Promise<GroupedRollout[]> {
  const withTools = rollouts.filter(({ trajectory }) => trajectory.segments.some(({ kind }) => kind === "tool"));
  if (withTools.length === 0) return [...rollouts];
  const logProbs = await engine.logProbs(withTools.map(({ trajectory }) => toolRow(trajectory)), { temperature }); // prettier-ignore
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

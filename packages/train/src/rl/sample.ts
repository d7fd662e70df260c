import { countTargets } from "@retool-ts/engine";
import type { GradedRollout } from "@retool-ts/evaluate";
import type { Advantage } from "./advantages.js";

/** A graded rollout and the group it belongs to. */
export interface GroupedRollout extends GradedRollout {
  /** Index of the problem in the step. */
  readonly group: number;
}

/** A scored rollout as the update sees it. Arrays have the trajectory's length, and mean something where its mask is 1. */
export interface Sample {
  readonly rollout: GroupedRollout;
  /** The rollout that this is a branch of; absent for its first trajectory. */
  readonly branchOf?: GroupedRollout;
  /** Score of the whole response. */
  readonly score: number;
  /** Reward of each token: the score stands on the last one that the policy chose. */
  readonly rewards: Float32Array;
  /** Log-probabilities by the weights that sampled, as the sampler computed them. */
  readonly samplerLogProbs: Float32Array;
  /** Those that the ratio starts from: the sampler's, or the training forward's before the first update. */
  readonly oldLogProbs: Float32Array;
  /** Those of the frozen reference, when there is one. */
  readonly refLogProbs?: Float32Array;
  /** The critic's values before the step's updates, when there is one. */
  readonly values?: Float32Array;
}

/** A sample with its advantage. */
export interface AdvantageSample {
  readonly sample: Sample;
  readonly advantage: Advantage;
  /** Target of the critic at each token, when there is one. */
  readonly returns?: readonly number[];
}

/** Samples, and what was measured of them. */
export interface WithMetrics<S> {
  readonly samples: readonly S[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Rollouts that the machinery spoiled take no part in the update. */
export function isScored({ trajectory }: GroupedRollout): boolean {
  return trajectory.stopReason !== "toolFailed" && trajectory.stopReason !== "aborted";
}

/** A sample with the rollout's score, in its rewards at the last token that the policy chose. */
export function createSample(rollout: GroupedRollout): Sample {
  const { logProbs, lossMask } = rollout.trajectory;
  const { score } = rollout.reward;
  const rewards = new Float32Array(lossMask.length);
  const last = lossMask.lastIndexOf(1);
  if (last >= 0) rewards[last] = score;
  return { rollout, score, rewards, samplerLogProbs: logProbs, oldLogProbs: logProbs };
}

/** Tokens of samples that the policy chose. */
export function countPolicyTokens(samples: readonly Sample[]): number {
  return countTargets(samples.map(({ rollout }) => rollout.trajectory));
}

import { klPenaltyValues } from "@retool-ts/algorithms/advantages";
import { RetoolError } from "@retool-ts/core";
import type { TrainConfig } from "../train-config.js";
import { countPolicyTokens, type AdvantageSample, type Sample, type WithMetrics } from "./sample.js";

/** −coef · KL at each token, by the log-probabilities before the step's updates; the score is lowered by their sum. */
export function addKLPenalty(samples: readonly Sample[], { kl }: Pick<TrainConfig, "kl">): WithMetrics<Sample> {
  if (kl === null || kl.place !== "reward") return { samples, metrics: {} };
  const { coef } = kl;
  let total = 0;
  const shaped = samples.map((sample) => {
    const penalty = penaltyOf(sample, kl.estimator);
    const sum = penalty.reduce((all, value) => all + value, 0);
    total += sum;
    return { ...sample, score: sample.score - coef * sum, rewards: sample.rewards.map((reward, t) => reward - coef * penalty[t]!) };
  });
  return { samples: shaped, metrics: { "policy/reference_kl": total / Math.max(1, countPolicyTokens(samples)) } };
}

/**
 * Adds −coef · KL to the advantage of each token on its own: how much rather the reference would have chosen it. With `advantage: none` that
 * is on-policy distillation, whose expected update lowers the reverse KL KL(π ‖ π_ref) token by token.
 *
 * Lu et al., "On-Policy Distillation" (2025, https://thinkingmachines.ai/blog/on-policy-distillation); Agarwal et al., "On-Policy
 * Distillation of Language Models" (https://arxiv.org/abs/2306.13649).
 */
export function addGuidance(samples: readonly AdvantageSample[], { kl }: Pick<TrainConfig, "kl">): WithMetrics<AdvantageSample> {
  if (kl === null || kl.place !== "advantage") return { samples, metrics: {} };
  let total = 0;
  const guided = samples.map((each) => {
    const { advantage, sample } = each;
    const penalty = penaltyOf(sample, kl.estimator);
    total += penalty.reduce((all, value) => all + value, 0);
    return { ...each, advantage: penalty.map((value, t) => (typeof advantage === "number" ? advantage : advantage[t]!) - kl.coef * value) };
  });
  return {
    samples: guided,
    metrics: { "policy/reference_kl": total / Math.max(1, countPolicyTokens(samples.map(({ sample }) => sample))) },
  };
}

function penaltyOf({ oldLogProbs, refLogProbs, rollout }: Sample, estimator: NonNullable<TrainConfig["kl"]>["estimator"]): Float32Array {
  if (estimator === "unbiased") throw new RetoolError("OPTION", "kl: the unbiased estimator is a loss, not a reward");
  if (refLogProbs === undefined) throw new RetoolError("OPTION", "kl: expected log-probabilities of a reference, got none");
  return klPenaltyValues(oldLogProbs, refLogProbs, rollout.trajectory.lossMask, estimator);
}

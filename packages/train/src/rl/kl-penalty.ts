import { klPenalty } from "@retool-ts/algorithms";
import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import type { RecipeConfig } from "../../../../apps/retool/src/config/recipe-config.js";
import { countPolicyTokens, type Sample } from "./sample.js";

/** Samples with the penalty in their rewards, and its mean. */
interface PenalisedSamples {
  readonly samples: readonly Sample[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** −coef · KL at each token, by the log-probabilities before the step's updates; the score is lowered by their sum. */
export function addKLPenalty(samples: readonly Sample[], kl: RecipeConfig["train"]["kl"]): PenalisedSamples {
  if (kl === null || kl.place !== "reward") return { samples, metrics: {} };
  const { coef, estimator } = kl;
  if (estimator === "unbiased") throw new RetoolError("OPTION", "kl: the unbiased estimator is a loss, not a reward");
  let total = 0;
  const shaped = samples.map((sample) => {
    if (sample.refLogProbs === undefined) throw new RetoolError("OPTION", "kl: expected log-probabilities of a reference, got none");
    const penalty = klPenaltyValues(sample.oldLogProbs, sample.refLogProbs, sample.rollout.trajectory.lossMask, estimator);
    const sum = penalty.reduce((all, value) => all + value, 0);
    total += sum;
    return { ...sample, score: sample.score - coef * sum, rewards: sample.rewards.map((reward, t) => reward - coef * penalty[t]!) };
  });
  return { samples: shaped, metrics: { "policy/reference_kl": total / Math.max(1, countPolicyTokens(samples)) } };
}

function klPenaltyValues(logProbs: Float32Array, refLogProbs: Float32Array, lossMask: Uint8Array, estimator: "k1" | "abs" | "k2" | "k3") {
  return tf.tidy(() => {
    const inputs = [logProbs, refLogProbs, Float32Array.from(lossMask)].map((values) => tf.tensor1d(values)) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D]; // prettier-ignore
    return klPenalty(...inputs, { estimator })
      .dataSync<"float32">()
      .slice();
  });
}

import { klPenalty, overlongPenalty } from "@retool-ts/algorithms";
import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import type { RecipeConfig } from "../recipe-config.js";
import { addToScore, countPolicyTokens, type Sample } from "./sample.js";

/** Samples whose rewards hold more than the outcome, and the means of what was added. */
export interface ShapedSamples {
  readonly samples: readonly Sample[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Adds what the config asks for beside the outcome: DAPO's overlong penalty, and a KL penalty a token. */
export function shapeRewards(samples: readonly Sample[], { train, budgets }: Pick<RecipeConfig, "train" | "budgets">): ShapedSamples {
  const overlong = addOverlongPenalty(samples, train.overlong, budgets.maxResponseTokens);
  const kl = addKLPenalty(overlong.samples, train.kl);
  return { samples: kl.samples, metrics: { ...overlong.metrics, ...kl.metrics } };
}

function addOverlongPenalty(samples: readonly Sample[], overlong: RecipeConfig["train"]["overlong"], maxLength: number): ShapedSamples {
  if (overlong === null) return { samples, metrics: {} };
  const { buffer, factor } = overlong;
  const penalties = samples.map(({ rollout: { trajectory } }) =>
    overlongPenalty(trajectory.tokenIds.length - trajectory.promptLength, { maxLength, bufferLength: buffer, factor }),
  );
  const mean = penalties.reduce((sum, penalty) => sum + penalty, 0) / Math.max(1, samples.length);
  return { samples: samples.map((sample, i) => addToScore(sample, penalties[i]!)), metrics: { "reward/overlong": mean } };
}

/** −coef · KL at each token, by the log-probabilities before the step's updates; the score is lowered by their sum. */
function addKLPenalty(samples: readonly Sample[], kl: RecipeConfig["train"]["kl"]): ShapedSamples {
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

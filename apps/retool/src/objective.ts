import {
  aggregateLoss,
  cispoLoss,
  clippedSurrogateLoss,
  entropyBonus,
  groupAdvantages,
  gspoLoss,
  leaveOneOutAdvantages,
} from "@retool-ts/algorithms";
import { countTargets, type LossInputs, type TokenLoss, type TrainingRow } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import type { RecipeConfig } from "./recipe-config.js";

type Objective = Pick<RecipeConfig["train"], "advantage" | "loss" | "aggregation" | "entropyCoef" | "clipLow" | "clipHigh" | "dualClip">;

/** Advantage of each sample from the scores of its group. */
export function advantagesOf(scores: readonly number[], groupIds: readonly number[], { advantage }: Objective): number[] {
  switch (advantage) {
    case "grpo":
      return groupAdvantages(scores, groupIds, { normalizeByStd: true });
    case "dr-grpo":
      return groupAdvantages(scores, groupIds, { normalizeByStd: false });
    case "rloo":
      return leaveOneOutAdvantages(scores, groupIds);
  }
}

/** One rollout as the update sees it. */
export interface PolicyRow extends TrainingRow {
  readonly fields: { readonly oldLogProbs: Float32Array; readonly advantages: Float32Array; readonly tokensInRow: Float32Array };
}

/** A row that repeats its advantage at every token. */
export function policyRow(tokenIds: Int32Array, lossMask: Uint8Array, logProbs: Float32Array, advantage: number): PolicyRow {
  const row = { tokenIds, lossMask };
  const constant = (value: number) => new Float32Array(tokenIds.length).fill(value);
  return { ...row, fields: { oldLogProbs: logProbs, advantages: constant(advantage), tokensInRow: constant(countTargets([row])) } };
}

/** Counts over one optimizer step that losses and metrics are divided by. */
export interface StepCounts {
  /** Policy tokens of all scored rollouts, with or without a gradient. */
  readonly tokens: number;
  /** Scored rollouts. */
  readonly rollouts: number;
  /** Policy tokens of the rows that are trained on: the denominator of metrics. */
  readonly trainedTokens: number;
  /** Rows that are trained on. */
  readonly trainedRows: number;
}

/** The loss of a step, for each of its micro-batches: surrogate and entropy bonus, normalised over the whole step. */
export function policyLoss(objective: Objective, counts: StepCounts): TokenLoss {
  const { aggregation, entropyCoef } = objective;
  const normalizer = aggregation === "token-mean" ? counts.tokens : counts.rollouts;
  return (inputs) => {
    const { logProbs, entropies, fields } = inputs;
    const mask = tf.ones<tf.Rank.R1>(logProbs.shape); // only policy tokens are here
    const { lossPerToken, metrics } = surrogate(inputs, mask, objective, counts);
    const total = entropyCoef === 0 ? lossPerToken : tf.add<tf.Tensor1D>(lossPerToken, entropyBonus(entropies, mask, { entropyCoef }));
    const share = 1 / counts.trainedTokens;
    return {
      loss: aggregateLoss(total, mask, { mode: aggregation, normalizer, tokensPerSequence: fields["tokensInRow"]! }),
      metrics: {
        ...metrics,
        "policy/entropy": tf.mul(tf.sum(entropies), share),
        "policy/log_prob_difference": tf.mul(tf.sum(tf.abs(tf.sub(logProbs, fields["oldLogProbs"]!))), share),
      },
    };
  };
}

function surrogate(
  { logProbs, fields, rowOfTarget }: LossInputs,
  mask: tf.Tensor1D,
  { loss, clipLow, clipHigh, dualClip }: Objective,
  { trainedTokens, trainedRows }: StepCounts,
): { readonly lossPerToken: tf.Tensor1D; readonly metrics: Readonly<Record<string, tf.Scalar>> } {
  const inputs = [logProbs, fields["oldLogProbs"]!, fields["advantages"]!, mask] as const;
  const clip = { clipLow, clipHigh, normalizer: trainedTokens };
  switch (loss) {
    case "ppo-clip":
      return clippedSurrogateLoss(...inputs, { ...clip, ...(dualClip === null ? {} : { dualClip }) });
    case "gspo":
      return gspoLoss(...inputs, { ...clip, rows: { rowOfToken: rowOfTarget, rowCount: trainedRows } });
    case "cispo":
      return cispoLoss(...inputs, clip);
  }
}

import {
  aggregateLoss,
  cispoLoss,
  clippedSurrogateLoss,
  entropyBonus,
  gspoLoss,
  klPenalty,
  offPolicySequenceMask,
  sequenceImportanceWeights,
  truncatedImportanceWeights,
  unbiasedKLPenalty,
  type PackedRows,
} from "@retool-ts/algorithms";
import type { TokenLoss } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import type { TrainConfig } from "../train-config.js";

/** The part of the config that decides the loss. */
export type Objective = Pick<
  TrainConfig,
  "loss" | "aggregation" | "entropyCoef" | "clipLow" | "clipHigh" | "dualClip" | "importance" | "offPolicyThreshold" | "kl"
>;

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
  /** Longest response that the budgets allow, in tokens. */
  readonly maxResponseTokens: number;
}

/** What a policy loss is computed from: one number for each token that the policy chose, `[tokens]` each. */
export interface PolicyLossInputs {
  /** log π(token) under the current weights; gradients flow through it. */
  readonly logProbs: tf.Tensor1D;
  /** The same before the first update. */
  readonly oldLogProbs: tf.Tensor1D;
  readonly advantages: tf.Tensor1D;
  /** All ones. */
  readonly lossMask: tf.Tensor1D;
  /** Entropy of each token's distribution, in nats; gradients flow through it. */
  readonly entropies: tf.Tensor1D;
  /** Which rollout each token is in. */
  readonly rows: PackedRows;
  /** Tokens of the whole update: divide metrics by it, so that those of micro-batches add up. */
  readonly normalizer: number;
}

/** A loss of each token, `[tokens]`, and metrics. */
export interface PolicyLoss {
  readonly lossPerToken: tf.Tensor1D;
  readonly metrics: Readonly<Record<string, tf.Scalar>>;
}

/** A policy loss of one's own; it runs inside `tf.tidy`. */
export type PolicyLossFunction = (inputs: PolicyLossInputs) => PolicyLoss;

/** The loss of an update, for each of its micro-batches: surrogate, corrections, KL penalty and entropy bonus, normalised over the whole update. */
export function policyLoss(objective: Objective, counts: StepCounts, surrogate: PolicyLossFunction = surrogateOf(objective)): TokenLoss {
  return ({ logProbs, entropies, fields, rowOfTarget }) => {
    const oldLogProbs = fields["oldLogProbs"]!;
    const samplerLogProbs = fields["samplerLogProbs"]!;
    const advantages = fields["advantages"]!;
    const lossMask = tf.ones<tf.Rank.R1>(logProbs.shape); // only policy tokens are here
    const rows = { rowOfToken: rowOfTarget, rowCount: counts.trainedRows };
    const share = 1 / counts.trainedTokens;
    const inputs = { logProbs, oldLogProbs, advantages, lossMask, entropies, rows, normalizer: counts.trainedTokens };
    const { lossPerToken, metrics } = surrogate(inputs);
    const corrected = correctOffPolicy(lossPerToken, { ...inputs, samplerLogProbs }, objective);
    const penalty = referencePenalty(logProbs, oldLogProbs, fields["refLogProbs"], lossMask, objective);
    const entropy = objective.entropyCoef === 0 ? undefined : entropyBonus(entropies, lossMask, objective);
    const total = [penalty.lossPerToken, entropy].reduce<tf.Tensor1D>((sum, term) => (term === undefined ? sum : tf.add(sum, term)), corrected.lossPerToken); // prettier-ignore
    return {
      loss: aggregateLoss(total, lossMask, {
        mode: objective.aggregation,
        normalizer: normalizerOf(objective, counts),
        tokensPerSequence: fields["tokensInRow"]!,
      }),
      metrics: {
        ...metrics,
        ...corrected.metrics,
        ...(penalty.sum === undefined ? {} : { "policy/reference_kl": tf.mul(penalty.sum, share) }),
        "policy/entropy": tf.mul(tf.sum(entropies), share),
        "policy/log_prob_difference": tf.mul(tf.sum(tf.abs(tf.sub(logProbs, oldLogProbs))), share),
      },
    };
  };
}

function surrogateOf({ loss, clipLow, clipHigh, dualClip }: Objective): PolicyLossFunction {
  return ({ logProbs, oldLogProbs, advantages, lossMask, rows, normalizer }) => {
    const inputs = [logProbs, oldLogProbs, advantages, lossMask] as const;
    const clip = { clipLow, clipHigh, normalizer };
    switch (loss) {
      case "ppo-clip":
        return clippedSurrogateLoss(...inputs, { ...clip, ...(dualClip === null ? {} : { dualClip }) });
      case "gspo":
        return gspoLoss(...inputs, { ...clip, rows });
      case "cispo":
        return cispoLoss(...inputs, clip);
    }
  };
}

/** KL penalty of the loss, `[tokens]`, and the sum of the divergence's estimates; nothing when it is not in the loss. */
function referencePenalty(
  logProbs: tf.Tensor1D,
  oldLogProbs: tf.Tensor1D,
  refLogProbs: tf.Tensor1D | undefined,
  mask: tf.Tensor1D,
  { kl }: Objective,
): { readonly lossPerToken?: tf.Tensor1D; readonly sum?: tf.Scalar } {
  if (kl === null || kl.place !== "loss" || refLogProbs === undefined) return {};
  const penalty =
    kl.estimator === "unbiased"
      ? unbiasedKLPenalty(logProbs, oldLogProbs, refLogProbs, mask)
      : klPenalty(logProbs, refLogProbs, mask, { estimator: kl.estimator });
  return { lossPerToken: tf.mul<tf.Tensor1D>(penalty, kl.coef), sum: tf.sum<tf.Scalar>(penalty) };
}

/** Importance weights for a sampler that differs from the trainer, and the mask of sequences that are too far off policy. */
function correctOffPolicy(
  lossPerToken: tf.Tensor1D,
  { logProbs, oldLogProbs, samplerLogProbs, advantages, lossMask, rows, normalizer }: PolicyLossInputs & { samplerLogProbs: tf.Tensor1D },
  { importance, offPolicyThreshold }: Objective,
): PolicyLoss {
  const metrics: Record<string, tf.Scalar> = {};
  const meanOf = (values: tf.Tensor1D) => tf.div<tf.Scalar>(tf.sum(values), normalizer);
  let result = lossPerToken;
  if (importance !== null) {
    const { cap, average } = importance;
    const weights =
      importance.level === "token"
        ? truncatedImportanceWeights(oldLogProbs, samplerLogProbs, lossMask, { cap })
        : sequenceImportanceWeights(oldLogProbs, samplerLogProbs, lossMask, { cap, average, rows });
    result = tf.mul<tf.Tensor1D>(result, weights);
    metrics["importance/weight"] = meanOf(weights);
    metrics["importance/capped_share"] = meanOf(tf.cast(tf.greaterEqual(weights, cap * (1 - 1e-6)), "float32"));
  }
  if (offPolicyThreshold !== null) {
    const kept = offPolicySequenceMask(logProbs, samplerLogProbs, advantages, lossMask, { threshold: offPolicyThreshold, rows });
    result = tf.mul<tf.Tensor1D>(result, kept);
    metrics["off_policy/masked_share"] = meanOf(tf.sub<tf.Tensor1D>(1, kept));
  }
  return { lossPerToken: result, metrics };
}

function normalizerOf({ aggregation }: Objective, { tokens, rollouts, maxResponseTokens }: StepCounts): number {
  switch (aggregation) {
    case "token-mean":
      return tokens;
    case "seq-mean-token-sum":
    case "seq-mean-token-mean":
      return rollouts;
    case "seq-mean-token-sum-norm":
      return rollouts * maxResponseTokens;
  }
}

import { SAPO_TAUS, VESPO_KERNELS, type PolicyLoss as PolicyLossSpec, type PolicyLossTerms } from "@retool-ts/engine";
import * as tf from "@tensorflow/tfjs-core";
import { aggregateLoss } from "./aggregate.js";
import { cispoLoss } from "./cispo.js";
import { dppoLoss } from "./dppo.js";
import { entropyBonus } from "./entropy.js";
import { gspoLoss } from "./gspo.js";
import { truncatedImportanceWeights } from "./importance.js";
import { klPenalty } from "./kl.js";
import { clippedSurrogateLoss } from "./losses.js";
import { geometricSequenceMask, maskedImportanceWeights } from "./masked-importance.js";
import { sapoLoss } from "./sapo.js";
import { offPolicySequenceMask, sequenceImportanceWeights } from "./sequence-importance.js";
import type { PackedRows } from "./sequence-sum.js";
import type { TokenLoss } from "./token-loss.js";
import { unbiasedKLPenalty } from "./unbiased-kl.js";
import { vespoLoss } from "./vespo.js";

/** Inputs of a policy loss: one number for each token that the policy chose, `[tokens]` each. */
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
  /** Index of each token's rollout. */
  readonly rows: PackedRows;
  /** Tokens of the whole update: divide metrics by it, so that those of micro-batches add up. */
  readonly normalizer: number;
}

/** A loss of each token, `[tokens]`, and metrics. */
export interface PolicyLossParts {
  readonly lossPerToken: tf.Tensor1D;
  readonly metrics: Readonly<Record<string, tf.Scalar>>;
}

/** A policy loss of one's own; it runs inside `tf.tidy`. */
export type PolicyLossFunction = (inputs: PolicyLossInputs) => PolicyLossParts;

/** A policy gradient by name as a function of tensors. */
export function policyLoss(spec: PolicyLossSpec): TokenLoss {
  return policyLossWith(surrogateOf(spec))(spec);
}

/**
 * A policy gradient around a surrogate of one's own: off-policy corrections, KL penalty, entropy bonus and aggregation are added to it,
 * normalised over the whole update.
 *
 * @returns what makes the loss of an update from its numbers, for engines that run functions
 */
export function policyLossWith(surrogate: PolicyLossFunction): (terms: PolicyLossTerms) => TokenLoss {
  return (terms) => tokenLoss(terms, surrogate);
}

function tokenLoss(objective: PolicyLossTerms, surrogate: PolicyLossFunction): TokenLoss {
  const { counts } = objective;
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
        normalizer: normalizerOf(objective),
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

function surrogateOf({ name, clipLow, clipHigh, dualClip, sapo = SAPO_TAUS, vespo = VESPO_KERNELS }: PolicyLossSpec): PolicyLossFunction {
  return ({ logProbs, oldLogProbs, advantages, lossMask, rows, normalizer }) => {
    const inputs = [logProbs, oldLogProbs, advantages, lossMask] as const;
    const clip = { clipLow, clipHigh, normalizer };
    switch (name) {
      case "ppo-clip":
        return clippedSurrogateLoss(...inputs, { ...clip, ...(dualClip === null ? {} : { dualClip }) });
      case "gspo":
      case "luspo": // GSPO's loss, which is LUSPO's under seq-mean-token-sum: that sum makes up for the mean over the length
        return gspoLoss(...inputs, { ...clip, rows });
      case "cispo":
        return cispoLoss(...inputs, clip);
      case "sapo":
        return sapoLoss(...inputs, { ...sapo, normalizer });
      case "dppo-tv":
      case "dppo-kl":
        return dppoLoss(...inputs, { divergence: name === "dppo-tv" ? "tv" : "kl", deltaLow: clipLow, deltaHigh: clipHigh, normalizer });
      case "vespo":
        return vespoLoss(...inputs, { ...vespo, rows, normalizer });
    }
  };
}

/** KL penalty of the loss, `[tokens]`, and the sum of the divergence's estimates; nothing when it is not in the loss. */
function referencePenalty(
  logProbs: tf.Tensor1D,
  oldLogProbs: tf.Tensor1D,
  refLogProbs: tf.Tensor1D | undefined,
  mask: tf.Tensor1D,
  { kl }: PolicyLossTerms,
): { readonly lossPerToken?: tf.Tensor1D; readonly sum?: tf.Scalar } {
  if (kl === null || refLogProbs === undefined) return {};
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
  { importance, geometricMask = null, offPolicyThreshold }: PolicyLossTerms,
): PolicyLossParts {
  const metrics: Record<string, tf.Scalar> = {};
  const meanOf = (values: tf.Tensor1D) => tf.div<tf.Scalar>(tf.sum(values), normalizer);
  let result = lossPerToken;
  if (importance !== null) {
    const weights = importanceWeights(oldLogProbs, samplerLogProbs, lossMask, importance, rows);
    const isOutside =
      importance.outside === "drop"
        ? tf.equal<tf.Tensor1D>(weights, 0)
        : tf.greaterEqual<tf.Tensor1D>(weights, importance.cap * (1 - 1e-6));
    result = tf.mul<tf.Tensor1D>(result, weights);
    metrics["importance/weight"] = meanOf(weights);
    metrics["importance/capped_share"] = meanOf(tf.cast<tf.Tensor1D>(isOutside, "float32"));
  }
  if (geometricMask !== null) {
    const kept = geometricSequenceMask(oldLogProbs, samplerLogProbs, lossMask, { ...geometricMask, rows });
    result = tf.mul<tf.Tensor1D>(result, kept);
    metrics["importance/masked_share"] = meanOf(tf.sub<tf.Tensor1D>(1, kept));
  }
  if (offPolicyThreshold !== null) {
    const kept = offPolicySequenceMask(logProbs, samplerLogProbs, advantages, lossMask, { threshold: offPolicyThreshold, rows });
    result = tf.mul<tf.Tensor1D>(result, kept);
    metrics["off_policy/masked_share"] = meanOf(tf.sub<tf.Tensor1D>(1, kept));
  }
  return { lossPerToken: result, metrics };
}

function importanceWeights(
  oldLogProbs: tf.Tensor1D,
  samplerLogProbs: tf.Tensor1D,
  lossMask: tf.Tensor1D,
  { level, cap, average, outside = "cap", floor = 0 }: NonNullable<PolicyLossTerms["importance"]>,
  rows: PackedRows,
): tf.Tensor1D {
  const inputs = [oldLogProbs, samplerLogProbs, lossMask] as const;
  if (outside === "drop") return maskedImportanceWeights(...inputs, { over: level === "token" ? level : average, floor, cap, rows });
  return level === "token" ? truncatedImportanceWeights(...inputs, { cap }) : sequenceImportanceWeights(...inputs, { cap, average, rows });
}

function normalizerOf({ aggregation, counts }: PolicyLossTerms): number {
  const { tokens, rollouts, maxResponseTokens } = counts;
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

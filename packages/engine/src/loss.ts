/** Mean negative log-probability of the targets: supervised training. */
export interface CrossEntropyLoss {
  readonly name: "cross-entropy";
  /** Targets of the whole optimizer step. */
  readonly normalizer: number;
}

/**
 * Surrogates of the policy gradient: PPO's clip, one ratio a sequence (GSPO, and LUSPO for sums over sequences), a clipped detached weight
 * (CISPO), a soft gate (SAPO), a trust region in probabilities (DPPO), or a smooth kernel of the sequence's ratio (VESPO).
 */
export const POLICY_LOSSES = ["ppo-clip", "gspo", "luspo", "cispo", "sapo", "dppo-tv", "dppo-kl", "vespo"] as const;
/** One of {@link POLICY_LOSSES}. */
export type PolicyLossName = (typeof POLICY_LOSSES)[number];

/** Aggregations of token losses into one number: a mean over all tokens, over rollouts of their sum or mean, or sums over a constant. */
export const AGGREGATIONS = ["token-mean", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm"] as const;
/** One of {@link AGGREGATIONS}. */
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Estimators of KL(policy ‖ reference) from one sampled token; `unbiased` also has an unbiased gradient. */
export const KL_ESTIMATORS = ["k1", "abs", "k2", "k3", "unbiased"] as const;
/** One of {@link KL_ESTIMATORS}. */
export type KLEstimatorName = (typeof KL_ESTIMATORS)[number];

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

/** Parts of a policy loss beside its surrogate. */
export interface PolicyLossTerms {
  readonly aggregation: Aggregation;
  /** Weight of the entropy bonus; 0 = none. */
  readonly entropyCoef: number;
  /** Truncated importance weights between sampler and trainer, a token or a sequence; null = none. */
  readonly importance: {
    readonly level: "token" | "sequence";
    /** Largest weight. */
    readonly cap: number;
    /** Of `sequence`: the product of the tokens' ratios, or their geometric mean. */
    readonly average: "product" | "geometric";
    /** A ratio above the cap is cut down to it, or, with `drop`, weighs 0, as does one below the floor. Default: `cap`. */
    readonly outside?: "cap" | "drop";
    /** Of `drop`: the smallest weight that is kept. Default: 0. */
    readonly floor?: number;
  } | null;
  /** Drops sequences whose geometric mean of the ratios of trainer to sampler is out of these bounds; null or absent = none. */
  readonly geometricMask?: { readonly low: number; readonly high: number } | null;
  /** Drops sequences with negative advantage that have drifted from the sampler by more than this, in nats per token; null = none. */
  readonly offPolicyThreshold: number | null;
  /** Penalty for leaving the reference, added to the loss of each token; null = none. */
  readonly kl: { readonly coef: number; readonly estimator: KLEstimatorName } | null;
  readonly counts: StepCounts;
}

/**
 * A policy gradient as data. Rows carry, a token: `oldLogProbs` (where the ratio starts), `samplerLogProbs`, `advantages`, `tokensInRow`
 * (policy tokens of the row), and `refLogProbs` with a KL penalty.
 */
export interface PolicyLoss extends PolicyLossTerms {
  readonly name: PolicyLossName;
  /** The ratio is clipped to [1 − clipLow, 1 + clipHigh]; of `dppo-…`, the divergence up to which mistakes and gains count. */
  readonly clipLow: number;
  readonly clipHigh: number;
  /** Dual clip of tokens with negative advantage; null = off. */
  readonly dualClip: number | null;
  /** Of `sapo`; default {@link SAPO_TAUS}. */
  readonly sapo?: SAPOTaus;
  /** Of `vespo`; default {@link VESPO_KERNELS}. */
  readonly vespo?: VESPOKernels;
}

/** Temperatures of SAPO's gate, of tokens with positive advantage and of the others. */
export interface SAPOTaus {
  readonly tauPositive: number;
  readonly tauNegative: number;
}

/** Exponents of VESPO's kernel W^power · exp(decay (1 − W)), of tokens with positive advantage and of the others. */
export interface VESPOKernels {
  readonly positive: { readonly power: number; readonly decay: number };
  readonly negative: { readonly power: number; readonly decay: number };
}

/** Temperatures of the SAPO paper. */
export const SAPO_TAUS: SAPOTaus = { tauPositive: 1, tauNegative: 1.05 };
/** Kernels of the VESPO paper. */
export const VESPO_KERNELS: VESPOKernels = { positive: { power: 2, decay: 3 }, negative: { power: 3, decay: 2 } };

/** A loss by name, with its numbers: what any engine can be sent, wherever it computes. */
export type LossSpec = CrossEntropyLoss | PolicyLoss;

/** PPO's clipped value loss, for a critic. Rows carry `oldValues` and `returns`. */
export interface ValueLossSpec {
  readonly name: "clipped-value";
  /** Largest change of a value from its old one before its loss stops falling. */
  readonly clipValue: number;
  /** Targets of the whole optimizer step. */
  readonly normalizer: number;
}

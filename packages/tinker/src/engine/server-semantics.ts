import type { TrainingRow } from "@retool-ts/engine";
import { TinkerUnsupportedError } from "../client/errors.js";

/** Reductions of a request's token losses to the number that gradients are taken of. */
export const REDUCTIONS = ["sum", "sequence-sum", "datum-mean", "sequence-mean", "batch-mean"] as const;
/** One of {@link REDUCTIONS}. */
export type ServerReduction = (typeof REDUCTIONS)[number];

/** What a server does where servers differ; {@link probeServer} finds it out. */
export interface ServerSemantics {
  /**
   * | reduction | of tokens | of sequences |
   * | --- | --- | --- |
   * | `sum` | sum | sum |
   * | `sequence-sum` | sum over the sequence's weights | sum |
   * | `datum-mean` | sum | mean since the last step |
   * | `sequence-mean` | sum over the sequence's weights | mean since the last step |
   * | `batch-mean` | sum over the weights of the whole request | sum |
   */
  readonly reduction: ServerReduction;
  /** Two requests before one step: their gradients are added, or averaged by sequences or requests. */
  readonly accumulation: "sum" | "mean";
  /** Twice the weights are twice the gradient. */
  readonly scalesWeights: boolean;
  /** Losses that it takes. */
  readonly losses: readonly string[];
  /** The log-probabilities that one sends enter the ratio. False: the server puts its own in their place, and the ratio is 1. */
  readonly usesLogProbs: boolean;
  /** `ppo` clips at the thresholds that one sends. */
  readonly clipsRatio: boolean;
  /** `cispo` clips its detached weight at the thresholds that one sends; at 1 and 1 its gradient is that of a weighted log-likelihood. */
  readonly clipsWeight: boolean;
  /** `grad_clip_norm` has an effect. */
  readonly clipsGradient: boolean;
  /** A learning rate of 0 is taken. */
  readonly takesZeroRate: boolean;
  /** A sequence of one token is taken. Default: true. */
  readonly takesOneToken?: boolean;
  /** Sequences of one request may have different lengths. Default: true. */
  readonly takesMixedLengths?: boolean;
}

/** The semantics of the hosted service: sums over tokens, all losses as its SDK describes them. */
export const HOSTED_SEMANTICS: ServerSemantics = {
  reduction: "sum",
  accumulation: "sum",
  scalesWeights: true,
  losses: ["cross_entropy", "importance_sampling", "ppo", "cispo"],
  usesLogProbs: true,
  clipsRatio: true,
  clipsWeight: true,
  clipsGradient: true,
  takesZeroRate: true,
};

/** @throws TinkerUnsupportedError for rows whose lengths a server does not take. */
export function checkLengths(
  rows: readonly Pick<TrainingRow, "tokenIds">[],
  { takesOneToken = true, takesMixedLengths = true }: Pick<ServerSemantics, "takesOneToken" | "takesMixedLengths">,
): void {
  const lengths = new Set(rows.map(({ tokenIds }) => tokenIds.length - 1));
  if (!takesOneToken && lengths.has(1)) {
    throw new TinkerUnsupportedError(
      "forwardBackward: this server does not take a sequence of one token behind another; leave such rows out",
    );
  }
  if (!takesMixedLengths && lengths.size > 1) {
    throw new TinkerUnsupportedError(
      "forwardBackward: this server takes sequences of one length alone in a request; pass rows of one length",
    );
  }
}

import type { CrossEntropyLoss, LossSpec, PolicyLoss, TrainingRow } from "@retool-ts/engine";
import { TinkerUnsupportedError } from "../client/errors.js";
import { klTerms } from "./kl-terms.js";
import { offPolicyFactors } from "./off-policy.js";
import { surrogate } from "./surrogate.js";
import { sumOf, targetRow, type TargetRow } from "./target-row.js";

/** A row's part of a loss, and its derivatives by the log-probabilities of the row's tokens. */
export interface RowSlopes {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly targets: number;
  /** dL/d log π, of the row's length: 0 where the mask is 0. */
  readonly slopes: Float64Array;
}

/**
 * Loss, metrics and slopes of a row at given log-probabilities; those of a step are sums over its rows. A gradient by the weights is the
 * sum of slopes times the gradients of the tokens' log-probabilities, so that these slopes, sent as advantages at ratio 1, are the loss
 * itself to whoever differentiates.
 *
 * @throws TinkerUnsupportedError for an entropy bonus, which hangs on more than the tokens' own log-probabilities.
 */
export function rowSlopes(spec: LossSpec, row: TrainingRow, logProbs: ArrayLike<number>): RowSlopes {
  const targets = targetRow(row, logProbs);
  const { slopes, ...part } = spec.name === "cross-entropy" ? crossEntropy(spec, targets) : policyLoss(spec, targets);
  const whole = new Float64Array(row.tokenIds.length);
  targets.places.forEach((place, k) => (whole[place] = slopes[k]!));
  return { ...part, targets: targets.places.length, slopes: whole };
}

/** Sums over the rows of a loss. */
export class LossSum {
  loss = 0;
  targets = 0;
  readonly metrics: Record<string, number> = {};

  add({ loss, targets, metrics }: Omit<RowSlopes, "slopes">): void {
    this.loss += loss;
    this.targets += targets;
    for (const [name, value] of Object.entries(metrics)) this.metrics[name] = (this.metrics[name] ?? 0) + value;
  }
}

interface RowLoss {
  readonly loss: number;
  readonly slopes: Float64Array;
  readonly metrics: Readonly<Record<string, number>>;
}

function crossEntropy({ normalizer }: CrossEntropyLoss, { logProbs }: TargetRow): RowLoss {
  return { loss: -sumOf(logProbs) / normalizer, slopes: logProbs.map(() => -1 / normalizer), metrics: {} };
}

function policyLoss(spec: PolicyLoss, row: TargetRow): RowLoss {
  if (spec.entropyCoef !== 0) throw new TinkerUnsupportedError(`entropyCoef ${spec.entropyCoef}: an entropy bonus needs whole distributions, which no server of the Tinker API differentiates; set it to 0`); // prettier-ignore
  const { values, slopes, metrics } = surrogate(spec, row);
  const corrected = offPolicyFactors(spec, row);
  const penalty = spec.kl === null ? undefined : klTerms(spec.kl.estimator, row);
  const coef = spec.kl?.coef ?? 0;
  const weights = aggregationWeights(spec, row);
  const total = (i: number, term: Float64Array, kl: Float64Array | undefined) =>
    weights[i]! * (corrected.factors[i]! * term[i]! + coef * (kl?.[i] ?? 0));
  const old = row.field("oldLogProbs");
  const share = 1 / spec.counts.trainedTokens;
  const sums = {
    ...metrics,
    ...corrected.metrics,
    ...(penalty && { "policy/reference_kl": sumOf(penalty.values) }),
    "policy/log_prob_difference": sumOf(row.logProbs.map((logProb, i) => Math.abs(logProb - old[i]!))),
  };
  return {
    loss: sumOf(values.map((_, i) => total(i, values, penalty?.values))),
    slopes: slopes.map((_, i) => total(i, slopes, penalty?.slopes)),
    metrics: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum * share])),
  };
}

/** Factor of each token in the sum that the loss is. */
export function aggregationWeights({ aggregation, counts }: PolicyLoss, row: TargetRow): Float64Array {
  const { tokens, rollouts, maxResponseTokens } = counts;
  const constant = (normalizer: number) => new Float64Array(row.places.length).fill(1 / normalizer);
  switch (aggregation) {
    case "token-mean":
      return constant(tokens);
    case "seq-mean-token-sum":
      return constant(rollouts);
    case "seq-mean-token-mean":
      return row.field("tokensInRow").map((count) => 1 / (rollouts * (count + 1e-8)));
    case "seq-mean-token-sum-norm":
      return constant(rollouts * maxResponseTokens);
  }
}

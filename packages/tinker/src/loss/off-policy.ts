import type { PolicyLossTerms } from "@retool-ts/engine";
import { sumOf, type TargetRow } from "./target-row.js";

/** Factors of a row's surrogate, one a token, through which no gradient flows, and what they add to the metrics. */
export interface OffPolicyFactors {
  readonly factors: Float64Array;
  readonly metrics: Readonly<Record<string, number>>;
  /** They hang on the weights that the loss is taken at, so that nobody knows them beforehand. */
  readonly needsLogProbs: boolean;
}

/** Truncated importance weights, and the mask of sequences that are too far off policy. */
export function offPolicyFactors(
  { importance, geometricMask = null, offPolicyThreshold }: PolicyLossTerms,
  row: TargetRow,
): OffPolicyFactors {
  const factors = new Float64Array(row.places.length).fill(1);
  const metrics: Record<string, number> = {};
  if (importance !== null) {
    const weights = importanceWeights(importance, row);
    weights.forEach((weight, i) => (factors[i]! *= weight));
    metrics["importance/weight"] = sumOf(weights);
    const isOutside = (weight: number) => (importance.outside === "drop" ? weight === 0 : weight >= importance.cap * (1 - 1e-6));
    metrics["importance/capped_share"] = weights.filter(isOutside).length;
  }
  if (geometricMask !== null) {
    const mean = Math.exp(sumOf(trainerRatios(row)) / Math.max(1, row.places.length));
    const isKept = mean >= geometricMask.low && mean <= geometricMask.high;
    if (!isKept) factors.fill(0);
    metrics["importance/masked_share"] = isKept ? 0 : row.places.length;
  }
  if (offPolicyThreshold !== null) {
    const sampled = row.field("samplerLogProbs");
    const advantages = row.field("advantages");
    const drift = sumOf(row.logProbs.map((logProb, i) => sampled[i]! - logProb)) / Math.max(1, row.places.length);
    let dropped = 0;
    for (let i = 0; i < factors.length; i++) {
      if (drift <= offPolicyThreshold || advantages[i]! >= 0) continue;
      factors[i] = 0;
      dropped++;
    }
    metrics["off_policy/masked_share"] = dropped;
  }
  return { factors, metrics, needsLogProbs: offPolicyThreshold !== null };
}

function importanceWeights(
  { level, cap, average, outside = "cap", floor = 0 }: NonNullable<PolicyLossTerms["importance"]>,
  row: TargetRow,
): Float64Array {
  const logRatios = trainerRatios(row);
  const weight = (logRatio: number) => {
    if (outside === "drop") return logRatio < Math.log(floor) || logRatio > Math.log(cap) ? 0 : Math.exp(logRatio);
    return Math.exp(Math.min(logRatio, Math.log(cap)));
  };
  if (level === "token") return logRatios.map(weight);
  const sum = sumOf(logRatios);
  return logRatios.fill(weight(average === "product" ? sum : sum / Math.max(1, logRatios.length)));
}

/** log π_train − log π_sampler of a row's targets. */
function trainerRatios(row: TargetRow): Float64Array {
  const old = row.field("oldLogProbs");
  return row.field("samplerLogProbs").map((sampled, i) => old[i]! - sampled);
}

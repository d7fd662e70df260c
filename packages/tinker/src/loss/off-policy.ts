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
export function offPolicyFactors({ importance, offPolicyThreshold }: PolicyLossTerms, row: TargetRow): OffPolicyFactors {
  const factors = new Float64Array(row.places.length).fill(1);
  const metrics: Record<string, number> = {};
  if (importance !== null) {
    const weights = importanceWeights(importance, row);
    weights.forEach((weight, i) => (factors[i]! *= weight));
    metrics["importance/weight"] = sumOf(weights);
    metrics["importance/capped_share"] = weights.filter((weight) => weight >= importance.cap * (1 - 1e-6)).length;
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

function importanceWeights({ level, cap, average }: NonNullable<PolicyLossTerms["importance"]>, row: TargetRow): Float64Array {
  const old = row.field("oldLogProbs");
  const logRatios = row.field("samplerLogProbs").map((sampled, i) => old[i]! - sampled);
  const weight = (logRatio: number) => Math.exp(Math.min(logRatio, Math.log(cap)));
  if (level === "token") return logRatios.map(weight);
  const sum = sumOf(logRatios);
  return logRatios.fill(weight(average === "product" ? sum : sum / Math.max(1, logRatios.length)));
}

import type { KLEstimatorName } from "@retool-ts/engine";
import type { TargetRow } from "./target-row.js";
import { clamp, tokenTerms, type TokenTerms } from "./token-terms.js";

const MAX_LOG_RATIO = 20;
const MAX_K3 = 10;

/** Estimates of KL(policy ‖ reference) at a row's tokens. */
export function klTerms(estimator: KLEstimatorName, row: TargetRow): TokenTerms {
  const reference = row.field("refLogProbs");
  const old = estimator === "unbiased" ? row.field("oldLogProbs") : undefined;
  return tokenTerms(row.places.length, (i) => {
    const logProb = row.logProbs[i]!;
    const difference = logProb - reference[i]!;
    switch (estimator) {
      case "k1":
        return [difference, 1];
      case "abs":
        return [Math.abs(difference), Math.sign(difference)];
      case "k2":
        return [difference ** 2 / 2, difference];
      case "k3": {
        const { value, slope } = expMinusLinear(-difference);
        const isFlat = Math.abs(value) > MAX_K3;
        return [clamp(value, -MAX_K3, MAX_K3), isFlat ? 0 : -slope];
      }
      case "unbiased": {
        const logRatio = logProb - old![i]!;
        const ratio = Math.exp(clamp(logRatio, -MAX_LOG_RATIO, MAX_LOG_RATIO));
        const { value, slope } = expMinusLinear(-difference);
        return [ratio * value, (Math.abs(logRatio) > MAX_LOG_RATIO ? 0 : ratio * value) - ratio * slope];
      }
    }
  });
}

/** e^c − c − 1 with c bounded, and its derivative, which is 0 beyond the bounds. */
function expMinusLinear(x: number): { readonly value: number; readonly slope: number } {
  const c = clamp(x, -MAX_LOG_RATIO, MAX_LOG_RATIO);
  return { value: Math.expm1(c) - c, slope: c === x ? Math.expm1(c) : 0 };
}

import { SAPO_TAUS, VESPO_KERNELS, type PolicyLoss } from "@retool-ts/engine";
import { sumOf, type TargetRow } from "./target-row.js";
import { clamp, logRatiosOf, tokenTerms, type SurrogateTerms } from "./token-terms.js";

/** Bound on the logarithm of a ratio before the exponential. */
const MAX_LOG_RATIO = 20;
/** Least probability of the tokens that were not sampled, in the binary KL divergence. */
const LEAST_REST = 1e-8;

/** SAPO: a sigmoid gate in the place of the clip. */
export function gatedSurrogate({ sapo = SAPO_TAUS }: PolicyLoss, row: TargetRow): SurrogateTerms {
  const advantages = row.field("advantages");
  const logRatios = logRatiosOf(row);
  const terms = tokenTerms(row.places.length, (i) => {
    const logRatio = clamp(logRatios[i]!, -MAX_LOG_RATIO, MAX_LOG_RATIO);
    const [ratio, advantage] = [Math.exp(logRatio), advantages[i]!];
    const tau = advantage > 0 ? sapo.tauPositive : sapo.tauNegative;
    const share = 1 / (1 + Math.exp(-tau * (ratio - 1)));
    const slope = logRatio === logRatios[i] ? -4 * share * (1 - share) * ratio * advantage : 0;
    return [(-4 / tau) * share * advantage, slope];
  });
  return { ...terms, metrics: { "policy/approx_kl": -sumOf(logRatios) } };
}

/** DPPO: tokens whose probability has moved too far the way their advantage pushes are left out. */
export function divergenceSurrogate({ name, clipLow, clipHigh }: PolicyLoss, row: TargetRow): SurrogateTerms {
  const advantages = row.field("advantages");
  const logRatios = logRatiosOf(row);
  let out = 0;
  const terms = tokenTerms(row.places.length, (i) => {
    const [moved, advantage] = [logRatios[i]!, advantages[i]!];
    const distance = (name === "dppo-tv" ? totalVariation : binaryKL)(row.logProbs[i]!, row.logProbs[i]! - moved);
    const isOut = (advantage > 0 && moved > 0 && distance > clipHigh) || (advantage < 0 && moved < 0 && distance > clipLow);
    out += Number(isOut);
    const logRatio = clamp(moved, -MAX_LOG_RATIO, MAX_LOG_RATIO);
    const value = isOut ? 0 : -Math.exp(logRatio) * advantage;
    return [value, logRatio === moved ? value : 0];
  });
  return { ...terms, metrics: { "policy/clip_frac": out, "policy/approx_kl": -sumOf(logRatios) } };
}

function totalVariation(logProb: number, old: number): number {
  return Math.abs(Math.exp(old) - Math.exp(logProb));
}

function binaryKL(logProb: number, old: number): number {
  const rest = (value: number) => Math.max(-Math.expm1(value), LEAST_REST);
  return Math.exp(old) * (old - logProb) + rest(old) * Math.log(rest(old) / rest(logProb));
}

/** VESPO: REINFORCE with a detached smooth kernel of the sequence's ratio. */
export function kernelSurrogate({ vespo = VESPO_KERNELS }: PolicyLoss, row: TargetRow): SurrogateTerms {
  const advantages = row.field("advantages");
  const logRatios = logRatiosOf(row);
  const logW = Math.min(sumOf(logRatios), MAX_LOG_RATIO);
  const terms = tokenTerms(row.places.length, (i) => {
    const { power, decay } = advantages[i]! > 0 ? vespo.positive : vespo.negative;
    const slope = -Math.exp(power * logW + decay * (1 - Math.exp(logW))) * advantages[i]!;
    return [slope * row.logProbs[i]!, slope];
  });
  return { ...terms, metrics: { "policy/approx_kl": -sumOf(logRatios) } };
}

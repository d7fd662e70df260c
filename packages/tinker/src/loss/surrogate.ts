import type { PolicyLoss } from "@retool-ts/engine";
import { divergenceSurrogate, gatedSurrogate, kernelSurrogate } from "./soft-surrogates.js";
import { sumOf, type TargetRow } from "./target-row.js";
import { clamp, logRatiosOf, tokenTerms, type SurrogateTerms } from "./token-terms.js";

/** Bounds on the logarithm of a ratio before the exponential: of a token, and of a sequence. */
const MAX_TOKEN_LOG_RATIO = 20;
const MAX_SEQUENCE_LOG_RATIO = 10;

/** The surrogate of a policy loss on one row; the formulas are those of `@retool-ts/algorithms`, in double precision. */
export function surrogate(spec: PolicyLoss, row: TargetRow): SurrogateTerms {
  switch (spec.name) {
    case "ppo-clip":
      return clippedSurrogate(spec, row);
    case "gspo":
    case "luspo":
      return sequenceSurrogate(spec, row);
    case "cispo":
      return detachedSurrogate(spec, row);
    case "sapo":
      return gatedSurrogate(spec, row);
    case "dppo-tv":
    case "dppo-kl":
      return divergenceSurrogate(spec, row);
    case "vespo":
      return kernelSurrogate(spec, row);
  }
}

function clippedSurrogate({ clipLow, clipHigh, dualClip }: PolicyLoss, row: TargetRow): SurrogateTerms {
  const advantages = row.field("advantages");
  const logRatios = logRatiosOf(row);
  const count = { clipped: 0, cut: 0 };
  const terms = tokenTerms(row.places.length, (i) => {
    const advantage = advantages[i]!;
    const logRatio = clamp(logRatios[i]!, -MAX_TOKEN_LOG_RATIO, MAX_TOKEN_LOG_RATIO);
    const ratio = Math.exp(logRatio);
    const unclipped = -ratio * advantage;
    const clipped = -clamp(ratio, 1 - clipLow, 1 + clipHigh) * advantage;
    const bound = dualClip === null ? Infinity : Math.max(0, -dualClip * advantage);
    const isClipped = clipped > unclipped;
    const isCut = Math.max(unclipped, clipped) > bound;
    count.clipped += Number(isClipped);
    count.cut += Number(isCut);
    const isFlat = isClipped || isCut || logRatio !== logRatios[i];
    return [Math.min(bound, Math.max(unclipped, clipped)), isFlat ? 0 : -ratio * advantage];
  });
  const drift = -sumOf(logRatios.map((value) => clamp(value, -MAX_TOKEN_LOG_RATIO, MAX_TOKEN_LOG_RATIO)));
  return { ...terms, metrics: { "policy/clip_frac": count.clipped, "policy/clip_frac_lower": count.cut, "policy/approx_kl": drift } };
}

function sequenceSurrogate({ clipLow, clipHigh }: PolicyLoss, row: TargetRow): SurrogateTerms {
  const advantages = row.field("advantages");
  const logRatios = logRatiosOf(row);
  const mean = sumOf(logRatios) / Math.max(1, logRatios.length);
  const ratio = Math.exp(Math.min(mean, MAX_SEQUENCE_LOG_RATIO));
  const within = clamp(ratio, 1 - clipLow, 1 + clipHigh);
  let clippedTokens = 0;
  const terms = tokenTerms(row.places.length, (i) => {
    const [unclipped, clipped] = [-ratio * advantages[i]!, -within * advantages[i]!];
    const isClipped = clipped > unclipped;
    clippedTokens += Number(isClipped);
    return [Math.max(unclipped, clipped), isClipped || mean > MAX_SEQUENCE_LOG_RATIO ? 0 : unclipped];
  });
  return { ...terms, metrics: { "policy/clip_frac": clippedTokens, "policy/approx_kl": -sumOf(logRatios) } };
}

function detachedSurrogate({ clipLow, clipHigh }: PolicyLoss, row: TargetRow): SurrogateTerms {
  const advantages = row.field("advantages");
  const logRatios = logRatiosOf(row);
  let clippedTokens = 0;
  const terms = tokenTerms(row.places.length, (i) => {
    const ratio = Math.exp(clamp(logRatios[i]!, -MAX_TOKEN_LOG_RATIO, MAX_TOKEN_LOG_RATIO));
    const weight = clamp(ratio, 1 - clipLow, 1 + clipHigh);
    clippedTokens += Number(weight !== ratio);
    const slope = -weight * advantages[i]!;
    return [slope * row.logProbs[i]!, slope];
  });
  return { ...terms, metrics: { "policy/clip_frac": clippedTokens, "policy/approx_kl": -sumOf(logRatios) } };
}

import type { RopeScaling } from "../rope-scaling.js";

/**
 * Angle per position of each pair of dimensions, θ^(−2i/headDim), stretched as the model asks; in double precision.
 *
 * @returns `[headDim / 2]`
 */
export function ropeFrequencies(headDim: number, theta: number, scaling: RopeScaling | undefined): Float64Array {
  const half = headDim / 2;
  const plain = Float64Array.from({ length: half }, (_, i) => theta ** (-i / half));
  switch (scaling?.type) {
    case undefined:
      return plain;
    case "linear":
      return plain.map((frequency) => frequency / scaling.factor);
    case "llama3": {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = scaling;
      return plain.map((frequency) => {
        const turns = (originalMaxPositions * frequency) / (2 * Math.PI); // within the original length
        if (turns > high) return frequency;
        if (turns < low) return frequency / factor;
        const kept = (turns - low) / (high - low);
        return ((1 - kept) * frequency) / factor + kept * frequency;
      });
    }
    case "yarn": {
      const [low, high] = yarnRamp(headDim, theta, scaling);
      return plain.map((frequency, i) => {
        const stretched = Math.min(1, Math.max(0, (i - low) / (high - low)));
        return (frequency / scaling.factor) * stretched + frequency * (1 - stretched);
      });
    }
  }
}

/** The pairs between which YaRN passes from kept to stretched angles: those that make betaFast and betaSlow turns. */
function yarnRamp(
  headDim: number,
  theta: number,
  { betaFast, betaSlow, originalMaxPositions, truncate }: RopeScaling & { readonly type: "yarn" },
): readonly [low: number, high: number] {
  const pairWithTurns = (turns: number) => (headDim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairWithTurns(betaFast), pairWithTurns(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, headDim - 1);
  return [low, low === high ? high + 0.001 : high];
}

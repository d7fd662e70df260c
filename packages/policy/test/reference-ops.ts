// The model's operations in double precision, element by element from their definitions: what both implementations are held against.
import type { HeadShape } from "../src/ops/heads.js";

type Numbers = Float64Array;

export function rmsNorm(x: Numbers, weight: Numbers, epsilon: number): Numbers {
  const width = weight.length;
  return x.map((value, i) => {
    const row = x.subarray(i - (i % width), i - (i % width) + width);
    const meanSquare = row.reduce((sum, entry) => sum + entry * entry, 0) / width;
    return (value / Math.sqrt(meanSquare + epsilon)) * weight[i % width]!;
  });
}

export function swiglu(gateUp: Numbers, width: number): Numbers {
  return Float64Array.from({ length: gateUp.length / 2 }, (_, i) => {
    const at = Math.floor(i / width) * 2 * width + (i % width);
    return (gateUp[at]! / (1 + Math.exp(-gateUp[at]!))) * gateUp[at + width]!;
  });
}

/** Log-probabilities of the targets, then entropies. */
export function tokenLogProbs(logits: Numbers, targets: readonly number[], temperature: number): Numbers {
  const vocab = logits.length / targets.length;
  const result = new Float64Array(2 * targets.length);
  targets.forEach((target, row) => {
    const scaled = logits.subarray(row * vocab, (row + 1) * vocab).map((logit) => logit / temperature);
    const logSum = Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit), 0));
    result[row] = scaled[target]! - logSum;
    result[targets.length + row] = -scaled.reduce((sum, logit) => sum + Math.exp(logit - logSum) * (logit - logSum), 0);
  });
  return result;
}

/** Each pair (i, i + headDim/2) of a query or key head turned by position · θ^(−2i/headDim), after an optional RMS norm of the head. */
export function rotary(
  qkv: Numbers,
  positions: readonly number[],
  { heads, kvHeads, headDim }: HeadShape,
  { theta, norm, epsilon }: { readonly theta: number; readonly norm?: readonly [query: Numbers, key: Numbers]; readonly epsilon: number },
): Numbers {
  const result = qkv.slice();
  const half = headDim / 2;
  positions.forEach((position, token) => {
    for (let head = 0; head < heads + kvHeads; head++) {
      const start = (token * (heads + 2 * kvHeads) + head) * headDim;
      let x = qkv.subarray(start, start + headDim);
      if (norm !== undefined) x = rmsNorm(x, norm[head < heads ? 0 : 1], epsilon);
      for (let i = 0; i < half; i++) {
        const angle = position * theta ** ((-2 * i) / headDim);
        result[start + i] = x[i]! * Math.cos(angle) - x[i + half]! * Math.sin(angle);
        result[start + i + half] = x[i + half]! * Math.cos(angle) + x[i]! * Math.sin(angle);
      }
    }
  });
  return result;
}

export function attention(qkv: Numbers, lengths: readonly number[], { heads, kvHeads, headDim, window = 0 }: HeadShape): Numbers {
  const stride = (heads + 2 * kvHeads) * headDim;
  const result = new Float64Array((qkv.length / stride) * heads * headDim);
  const vector = (token: number, head: number) => qkv.subarray(token * stride + head * headDim, token * stride + (head + 1) * headDim);
  let start = 0;
  for (const length of lengths) {
    for (let head = 0; head < heads; head++) {
      const kv = Math.floor((head * kvHeads) / heads);
      for (let i = start; i < start + length; i++) {
        const query = vector(i, head);
        const weights: number[] = [];
        const first = window > 0 ? Math.max(start, i - window + 1) : start;
        for (let j = first; j <= i; j++) {
          weights.push(Math.exp(vector(j, heads + kv).reduce((sum, key, d) => sum + key * query[d]!, 0) / Math.sqrt(headDim)));
        }
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        weights.forEach((weight, j) =>
          vector(first + j, heads + kvHeads + kv).forEach(
            (value, d) => (result[(i * heads + head) * headDim + d]! += (weight / total) * value),
          ),
        );
      }
    }
    start += length;
  }
  return result;
}

/** Gradient of Σ wᵢ·f(x)ᵢ by central differences in double precision. */
export function finiteDifferences(f: (x: Numbers) => Numbers, x: Numbers, weights: Numbers): Numbers {
  const value = (at: Numbers) => f(at).reduce((sum, y, i) => sum + y * weights[i]!, 0);
  const step = 1e-5;
  return x.map((entry, i) => {
    const at = x.slice();
    at[i] = entry + step;
    const above = value(at);
    at[i] = entry - step;
    return (above - value(at)) / (2 * step);
  });
}

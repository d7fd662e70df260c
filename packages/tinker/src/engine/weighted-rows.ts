import type { TrainingRow } from "@retool-ts/engine";
import type { Datum } from "../wire/forward-backward.js";
import type { TensorData } from "../wire/tensor-data.js";

/** Numbers a token, by name, in a row's own places: the first token has none. */
export type RowTensors = Readonly<Record<string, ArrayLike<number>>>;

/** A row as it is sent: shifted, with weight 1 where the mask is 1. */
export function rowDatum({ tokenIds, lossMask }: TrainingRow, tensors: RowTensors = {}): Datum {
  const length = tokenIds.length - 1;
  const shifted = (values: ArrayLike<number>) => Float32Array.from({ length }, (_, i) => (lossMask[i + 1] ? values[i + 1]! : 0));
  const inputs = Object.entries(tensors).map(([name, values]): [string, TensorData] => [name, tensorOf(shifted(values))]);
  const weights = tensors["weights"] ?? Float32Array.from({ length: length + 1 }, () => 1);
  return {
    model_input: { chunks: [{ type: "encoded_text", tokens: Int32Array.from({ length }, (_, i) => tokenIds[i]!) }] },
    loss_fn_inputs: {
      target_tokens: { data: Int32Array.from({ length }, (_, i) => tokenIds[i + 1]!), dtype: "int64", shape: [length] },
      ...Object.fromEntries(inputs),
      weights: tensorOf(shifted(weights)),
    },
  };
}

function tensorOf(data: Float32Array): TensorData {
  return { data, dtype: "float32", shape: [data.length] };
}

/** Log-probabilities of a pass in the row's own places, those of masked tokens included. */
export function unshifted(logProbs: Float32Array): Float32Array {
  const whole = new Float32Array(logProbs.length + 1);
  whole.set(logProbs, 1);
  return whole;
}

/** 0 where the mask is 0. */
export function masked({ lossMask }: TrainingRow, values: Float32Array): Float32Array {
  return values.map((value, t) => (t > 0 && lossMask[t] ? value : 0));
}

/** Tokens of a row that enter the loss. */
export function targetsOf({ lossMask }: TrainingRow): number {
  let count = 0;
  for (let t = 1; t < lossMask.length; t++) count += lossMask[t] ? 1 : 0;
  return count;
}

import * as tf from "@tensorflow/tfjs-core";
import type { HeadShape } from "./heads.js";

/** Addend for the scores of `count` tokens that follow `past` others: −1e9 for those that a token may not see. */
export function attentionMask(count: number, past: number, { window = 0 }: HeadShape): tf.Tensor2D {
  const total = past + count;
  const hides = (i: number) => {
    const [query, key] = [past + Math.floor(i / total), i % total];
    return key > query || (window > 0 && key <= query - window);
  };
  return tf.tensor2d(
    Float32Array.from({ length: count * total }, (_, i) => (hides(i) ? -1e9 : 0)),
    [count, total],
  );
}

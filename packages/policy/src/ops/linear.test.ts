import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS } from "../../test/backends.js";
import { relativeDifference } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { linear, linearTransposed } from "./linear.js";

/** Numbers without a pattern that sums could cancel. */
function noise(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * (1 + (i % 7)));
}

// few and many rows take different ways through the kernels, as do edges of 4, 8, 16, 64 and 256, and products that threads share
const SHAPES = [[8, 8], [21, 13], [64, 300], [5, 1], [1, 9], [260, 40], [530, 700]] as const; // prettier-ignore

describe.each(
  KERNEL_BACKENDS.flatMap((backend) => [[backend, "x·w", linear, false] as const, [backend, "x·wᵀ", linearTransposed, true] as const]),
)("on %s: %s", (backend, _, product, transposed) => {
  test.each(SHAPES)(
    "%i inputs, %i outputs: a row's numbers are the same, to the bit, however many rows there are",
    async (inner, columns) => {
      await useBackend(backend);
      const most = 70;
      const x = noise(most * inner, 1);
      const w = noise(inner * columns, 2);
      const weight = tf.tensor2d(w, transposed ? [columns, inner] : [inner, columns]);
      const outputs = [1, 2, 3, 4, 5, 8, 9, most].map((rows) =>
        tf.tidy(() =>
          product(tf.tensor2d(x.subarray(0, rows * inner), [rows, inner]), weight)
            .dataSync()
            .slice(),
        ),
      );
      weight.dispose();
      const whole = outputs.at(-1)!;
      for (const part of outputs) expect(part).toEqual(whole.slice(0, part.length));
      const exact = Array.from({ length: most * columns }, (__, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * w[transposed ? column * inner + k : k * columns + column]!;
        return sum;
      });
      expect(relativeDifference(whole, exact)).toBeLessThan(1e-5);
    },
  );
});

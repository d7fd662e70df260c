import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS, TEST_BACKENDS } from "../../test/backends.js";
import { check, input, random } from "../../test/op-check.js";
import * as reference from "../../test/reference-ops.js";
import { relativeDifference } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { gatherRows } from "./embedding.js";
import { linear, linearTransposed } from "./linear.js";
import { rmsNorm } from "./rms-norm.js";
import { rotary, rotaryTables } from "./rotary.js";
import { swiglu } from "./swiglu.js";
import { tokenLogProbs } from "./token-log-probs.js";

describe("fused kernels, portable operations and double-precision references agree", () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 13, 24])("rmsNorm, width %i", async (width) => {
    await check(
      (x, weight) => rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, { epsilon: 1e-3 }),
      [input(5, width), input(width)],
      5 * width,
      (x, weight) => reference.rmsNorm(x, weight, 1e-3),
    );
  });

  test.each([1, 3, 4, 6, 9, 16])("swiglu, width %i", async (width) => {
    await check(
      (x) => swiglu(x as tf.Tensor2D),
      [input(4, 2 * width)],
      4 * width,
      (x) => reference.swiglu(x, width),
    );
  });

  test.each([
    [2, 1],
    [5, 0.7],
    [8, 1.5],
    [31, 1],
  ])("tokenLogProbs, vocabulary %i, temperature %d", async (vocab, temperature) => {
    const targets = [0, vocab - 1, 1, Math.floor(vocab / 2)];
    await check(
      (logits) => {
        const { logProbs, entropies } = tokenLogProbs(logits as tf.Tensor2D, tf.tensor1d(targets, "int32"), { temperature });
        return tf.concat([logProbs, entropies]);
      },
      [input(4, vocab)],
      8,
      (logits) => reference.tokenLogProbs(logits, targets, temperature),
    );
  });

  test("tokenLogProbs of logits far apart is finite", async () => {
    for (const backend of TEST_BACKENDS) {
      await useBackend(backend);
      const [logProb, entropy] = tf.tidy(() => {
        const result = tokenLogProbs(tf.tensor2d([[0, 300, -300]]), tf.tensor1d([2], "int32"), { temperature: 1 });
        return [result.logProbs.dataSync()[0]!, result.entropies.dataSync()[0]!];
      });
      expect([logProb, Math.abs(entropy!)]).toEqual([-600, 0]);
    }
  });

  test.each([
    [4, false],
    [4, true],
    [6, true],
    [8, false],
    [16, true],
  ])("rotary, head size %i, norm of queries and keys %s", async (headDim, normed) => {
    const shape = { heads: 4, kvHeads: 2, headDim };
    const positions = [0, 1, 9, 5];
    const inputs = [input(4, 8 * headDim), ...(normed ? [input(headDim), input(headDim)] : [])];
    await check(
      (qkv, query, key) => {
        const norm = normed ? { query: query as tf.Tensor1D, key: key as tf.Tensor1D } : undefined;
        const tables = rotaryTables(10, headDim, 50);
        const places = tf.tensor1d(positions, "int32");
        tf.keep(tables.cosines);
        tf.keep(tables.sines);
        tf.keep(places);
        later.push(tables.cosines, tables.sines, places);
        return rotary(qkv as tf.Tensor2D, places, tables, norm, { ...shape, epsilon: 1e-3 });
      },
      inputs,
      4 * 8 * headDim,
      (qkv, query, key) =>
        reference.rotary(qkv, positions, shape, { theta: 50, epsilon: 1e-3, ...(normed ? { norm: [query!, key!] as const } : {}) }),
    );
    tf.dispose(later.splice(0));
  });
  const later: tf.Tensor[] = [];

  test("gatherRows adds up the gradients of rows that occur several times", async () => {
    const ids = [2, 0, 2, 2, 3];
    await check(
      (table) => gatherRows(table as tf.Tensor2D, tf.tensor1d(ids, "int32")),
      [input(4, 5)],
      25,
      (table) => Float64Array.from(ids.flatMap((id) => [...table.subarray(id * 5, id * 5 + 5)])),
    );
  });

  test.each([
    [1, 1, 1],
    [3, 5, 7],
    [4, 8, 8],
    [9, 16, 33],
    [17, 6, 12],
    [37, 70, 21],
  ])("linear and linearTransposed, [%i, %i] by %i outputs", async (rows, inputs, outputs) => {
    const product = (x: Float64Array, w: (i: number, o: number) => number) =>
      Float64Array.from({ length: rows * outputs }, (_, at) => {
        const [row, output] = [Math.floor(at / outputs), at % outputs];
        let sum = 0;
        for (let i = 0; i < inputs; i++) sum += x[row * inputs + i]! * w(i, output);
        return sum;
      });
    const few = rows * inputs < 500; // finite differences of more take minutes
    await check(
      (x, w) => linear(x as tf.Tensor2D, w as tf.Tensor2D),
      [input(rows, inputs), input(inputs, outputs)],
      rows * outputs,
      few ? (x, w) => product(x, (i, output) => w[i * outputs + output]!) : undefined,
    );
    await check(
      (x, w) => linearTransposed(x as tf.Tensor2D, w as tf.Tensor2D),
      [input(rows, inputs), input(outputs, inputs)],
      rows * outputs,
      few ? (x, w) => product(x, (i, output) => w[output * inputs + i]!) : undefined,
    );
  });

  test.each(KERNEL_BACKENDS)("products of few rows, and of more with a weight that is copied in several blocks, on %s", async (backend) => {
    await useBackend(backend);
    const [inner, outputs] = [70_000, 21];
    const w = random(outputs * inner);
    for (const rows of [2, 5]) {
      const x = random(rows * inner);
      const expected = Float64Array.from({ length: rows * outputs }, (_, at) => {
        const [row, output] = [Math.floor(at / outputs) * inner, (at % outputs) * inner];
        let sum = 0;
        for (let i = 0; i < inner; i++) sum += x[row + i]! * w[output + i]!;
        return sum;
      });
      const actual = tf.tidy(() => {
        const weight = tf.tensor2d(Float32Array.from(w), [outputs, inner]);
        return linearTransposed(tf.tensor2d(Float32Array.from(x), [rows, inner]), weight)
          .dataSync()
          .slice();
      });
      expect(relativeDifference(actual, expected), `${rows} rows`).toBeLessThan(5e-5); // 70,000 terms in 32-bit floats
    }
  });
});

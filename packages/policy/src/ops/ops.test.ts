import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS, TEST_BACKENDS } from "../../test/backends.js";
import * as reference from "../../test/reference-ops.js";
import { relativeDifference } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { attention } from "./attention.js";
import { gatherRows } from "./embedding.js";
import { linear, linearTransposed } from "./linear.js";
import { disposeLayout, packRows } from "./packed.js";
import { rmsNorm } from "./rms-norm.js";
import { rotary, rotaryTables } from "./rotary.js";
import { swiglu } from "./swiglu.js";
import { tokenLogProbs } from "./token-log-probs.js";

const stream = new RandomStream(1, ["ops"]);
/** Random numbers that a 32-bit float holds exactly, so that both precisions start from the same values. */
const random = (size: number) => Float64Array.from({ length: size }, () => Math.fround(stream.normal()));

interface Input {
  readonly values: Float64Array;
  readonly shape: readonly number[];
}
const input = (...shape: number[]): Input => ({ values: random(shape.reduce((a, b) => a * b, 1)), shape });

/** Value of an operation, and gradients of Σ weights·value in all of its inputs. */
function differentiate(operation: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: readonly Input[], weights: Float64Array) {
  return tf.tidy(() => {
    const tensors = inputs.map(({ values, shape }) => tf.tensor(Float32Array.from(values), [...shape]));
    const value = operation(...tensors);
    const dy = tf.tensor(Float32Array.from(weights), value.shape);
    const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(operation(...xs), dy)))(tensors);
    return { value: value.dataSync().slice(), gradients: gradients.map((gradient) => gradient.dataSync().slice()) };
  });
}

/** Runs an operation with portable operations and on each backend with fused kernels, and holds value and gradients against the reference, or against each other without one. */
async function check(
  operation: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly Input[],
  outputs: number,
  expected: ((...inputs: Float64Array[]) => Float64Array) | undefined,
  tolerance = 1e-5,
): Promise<void> {
  const weights = random(outputs);
  await useBackend("cpu");
  const portable = differentiate(operation, inputs, weights);
  for (const backend of KERNEL_BACKENDS) {
    await useBackend(backend);
    const fused = differentiate(operation, inputs, weights);
    expect(relativeDifference(fused.value, portable.value), `value on ${backend}`).toBeLessThan(tolerance);
    inputs.forEach((_, i) => {
      expect(relativeDifference(fused.gradients[i]!, portable.gradients[i]!), `gradient ${i} on ${backend}`).toBeLessThan(tolerance);
    });
  }
  if (expected === undefined) return;
  const all = inputs.map(({ values }) => values);
  expect(relativeDifference(portable.value, expected(...all)), "value").toBeLessThan(tolerance);
  inputs.forEach((_, i) => {
    const ofOne = (x: Float64Array) => expected(...all.map((values, j) => (i === j ? x : values)));
    const gradient = reference.finiteDifferences(ofOne, all[i]!, weights);
    expect(relativeDifference(portable.gradients[i]!, gradient), `gradient ${i}`).toBeLessThan(tolerance);
  });
}

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

  test.each([
    [1, 1, 4, 0],
    [4, 2, 4, 0],
    [4, 1, 2, 0],
    [3, 3, 6, 0],
    [2, 2, 8, 0],
    [4, 2, 4, 1],
    [2, 1, 4, 2],
    [2, 2, 8, 3],
  ])("attention, %i heads, %i key heads of size %i, window %i", async (heads, kvHeads, headDim, window) => {
    const shape = { heads, kvHeads, headDim, window };
    const lengths = [3, 1, 5];
    await useBackend("cpu");
    const layouts = new Map<string, ReturnType<typeof packRows>>();
    await check(
      (qkv) => {
        const layout = layouts.get(tf.getBackend()) ?? packRows(lengths);
        layouts.set(tf.getBackend(), layout);
        tf.keep(layout.positions);
        tf.keep(layout.rowOffsetsTensor);
        return attention(qkv as tf.Tensor2D, layout, shape);
      },
      [input(9, (heads + 2 * kvHeads) * headDim)],
      9 * heads * headDim,
      (qkv) => reference.attention(qkv, lengths, shape),
    );
    layouts.forEach(disposeLayout);
  });

  const short = [1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33];
  const long = [70, 1, 64, 33];
  test.each([
    [4, 0, short],
    [8, 0, short],
    [16, 0, long],
    [32, 0, long],
    [4, 6, short],
    [8, 5, [32]], // as long as a block of queries, without padding behind it
    [8, 34, [64, 40]],
    [16, 3, long],
  ])("attention, head size %i, window %i, over rows of %o tokens", async (headDim, window, lengths) => {
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    const layouts = new Map<string, ReturnType<typeof packRows>>();
    await check(
      (qkv) => {
        const layout = layouts.get(tf.getBackend()) ?? packRows(lengths);
        layouts.set(tf.getBackend(), layout);
        tf.keep(layout.positions);
        tf.keep(layout.rowOffsetsTensor);
        return attention(qkv as tf.Tensor2D, layout, { heads: 2, kvHeads: 1, headDim, window });
      },
      [input(tokens, 4 * headDim)],
      tokens * 2 * headDim,
      undefined,
      2e-5,
    );
    layouts.forEach(disposeLayout);
  });

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

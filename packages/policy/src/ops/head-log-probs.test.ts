import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { relativeDifference } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { headLogProbs } from "./head-log-probs.js";

const [rows, width, vocab] = [29, 6, 37];

/** Log-probabilities, entropies and the gradients of a weighted sum of both, with at most so many logits at once. */
function differentiate(
  maxLogits: number,
  { sizes = [rows, width, vocab], maxKeptLogits = 0, still = (_row: number, _result = 0): boolean => false } = {},
) {
  const [rowCount, inner, outputs] = sizes as [number, number, number];
  const stream = new RandomStream(3, ["head"]);
  const random = (...shape: number[]) =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => stream.normal()),
      shape,
    );
  return tf.tidy(() => {
    const inputs = [random(rowCount, inner), random(outputs, inner)];
    const targets = tf.tensor1d(
      Int32Array.from({ length: rowCount }, (_, i) => (i * 7) % outputs),
      "int32",
    );
    const moving = [0, 1].map((result) => Array.from({ length: rowCount }, (_, i) => (still(i, result) ? 0 : 1)));
    const dy = tf.mul(random(2, rowCount), tf.tensor2d(moving));
    const f = (hidden: tf.Tensor, weight: tf.Tensor) => {
      const options = { temperature: 0.8, maxLogits, maxKeptLogits };
      const { logProbs, entropies } = headLogProbs(hidden as tf.Tensor2D, weight as tf.Tensor2D, targets, options);
      return tf.stack([logProbs, entropies]);
    };
    const value = f(inputs[0]!, inputs[1]!);
    const gradients = tf.grads((x, w) => tf.sum(tf.mul(f(x, w), dy)))(inputs);
    return [value, ...gradients].map((tensor) => tensor.dataSync().slice());
  });
}

describe.each(TEST_BACKENDS)("headLogProbs on %s", (backend) => {
  test.each([1, 100, 5 * vocab, 28 * vocab])("is the same with at most %i logits at once", async (maxLogits) => {
    await useBackend(backend);
    const whole = differentiate(Infinity);
    const chunked = differentiate(maxLogits);
    chunked.forEach((values, i) => expect(relativeDifference(values, whole[i]!), `result ${i}`).toBeLessThan(1e-6));
  });

  test("needs memory for a chunk of the logits, not for all", async () => {
    await useBackend(backend);
    const sizes = [128, 4, 2048]; // 1 MiB of logits
    const peak = async (maxLogits: number) =>
      (await tf.profile(() => void differentiate(maxLogits, { sizes }))).peakBytes - tf.memory().numBytes;
    const [whole, chunked] = [await peak(Infinity), await peak(8 * 2048)];
    expect(whole).toBeGreaterThan(2 * 2 ** 20); // logits and their gradient
    expect(chunked).toBeLessThan(whole / 3); // the same for 8 rows, and the weight's gradient
  });

  test.each([5 * vocab, 12 * vocab, Infinity])("is the same to the bit with %d kept logits, which are freed", async (maxKeptLogits) => {
    await useBackend(backend);
    const again = differentiate(5 * vocab);
    const before = tf.memory().numTensors;
    expect(differentiate(5 * vocab, { maxKeptLogits })).toEqual(again);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([0, Infinity])("leaves out rows without a slope, with %d kept logits", async (maxKeptLogits) => {
    await useBackend(backend);
    for (const still of [(i: number) => i % 3 !== 0, (i: number) => i < 12, () => true]) {
      const before = tf.memory().numTensors;
      const whole = differentiate(Infinity, { still });
      const chunked = differentiate(5 * vocab, { maxKeptLogits, still });
      expect(tf.memory().numTensors).toBe(before);
      chunked.forEach((values, i) => expect(relativeDifference(values, whole[i]!), `result ${i}`).toBeLessThan(1e-6));
      const [, dHidden] = chunked;
      expect(dHidden!.every((value, i) => !still(Math.floor(i / width)) || value === 0)).toBe(true);
    }
  });

  test("takes rows that have a slope of one result alone", async () => {
    await useBackend(backend);
    const still = (row: number, result = 0) => row % 3 === 0 || (row % 3 === 1) === (result === 0);
    const [whole, chunked] = [differentiate(Infinity, { still }), differentiate(5 * vocab, { still })];
    chunked.forEach((values, i) => expect(relativeDifference(values, whole[i]!), `result ${i}`).toBeLessThan(1e-6));
  });

  test("keeps no logits where no gradient is asked for", async () => {
    await useBackend(backend);
    const hidden = tf.ones<tf.Rank.R2>([128, 4]);
    const weight = tf.ones<tf.Rank.R2>([2048, 4]);
    const targets = tf.zeros<tf.Rank.R1>([128], "int32");
    const before = tf.memory().numBytes;
    const options = { temperature: 1, maxLogits: 8 * 2048, maxKeptLogits: Infinity };
    const { peakBytes } = await tf.profile(() => tf.tidy(() => void headLogProbs(hidden, weight, targets, options)));
    expect(peakBytes - before).toBeLessThan(2 ** 20 * 0.75); // all of the logits would be 2 ** 20;
    tf.dispose([hidden, weight, targets]);
  });
});

test("multiplies nothing for rows without a slope", async () => {
  await useBackend("cpu");
  const products = async (still: (row: number) => boolean) =>
    (await tf.profile(() => void differentiate(5 * vocab, { maxKeptLogits: Infinity, still }))).kernels.filter(({ name }) =>
      /MatMul/u.test(name),
    ).length;
  expect((await products(() => false)) - (await products((row) => row < 15))).toBe(6); // two products in each of three chunks
});

test("computes nothing again that it kept", async () => {
  await useBackend("cpu"); // whose kernels a profile lists;
  const kernels = async (maxKeptLogits: number) =>
    (await tf.profile(() => void differentiate(5 * vocab, { maxKeptLogits }))).kernels.filter(({ name }) => /MatMul/u.test(name)).length;
  const [none, one, all] = [await kernels(0), await kernels(5 * vocab), await kernels(Infinity)];
  expect([none - one, none - all]).toEqual([1, 6]);
});

import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { relativeDifference } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { headLogProbs } from "./head-log-probs.js";

const [rows, width, vocab] = [29, 6, 37];

/** Log-probabilities, entropies and the gradients of a weighted sum of both, with at most so many logits at once. */
function differentiate(maxLogits: number, sizes = [rows, width, vocab]) {
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
    const dy = random(2, rowCount);
    const f = (hidden: tf.Tensor, weight: tf.Tensor) => {
      const options = { temperature: 0.8, maxLogits };
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
      (await tf.profile(() => void differentiate(maxLogits, sizes))).peakBytes - tf.memory().numBytes;
    const [whole, chunked] = [await peak(Infinity), await peak(8 * 2048)];
    expect(whole).toBeGreaterThan(2 * 2 ** 20); // logits and their gradient
    expect(chunked).toBeLessThan(whole / 3); // the same for 8 rows, and the weight's gradient
  });
});

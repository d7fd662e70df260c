import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { useBackend } from "../src/backend.js";
import { KERNEL_BACKENDS } from "./backends.js";
import * as reference from "./reference-ops.js";
import { relativeDifference } from "./tiny.js";

const stream = new RandomStream(1, ["ops"]);
/** Random numbers that a 32-bit float holds exactly, so that both precisions start from the same values. */
export const random = (size: number) => Float64Array.from({ length: size }, () => Math.fround(stream.normal()));

export interface Input {
  readonly values: Float64Array;
  readonly shape: readonly number[];
}
export const input = (...shape: number[]): Input => ({ values: random(shape.reduce((a, b) => a * b, 1)), shape });

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
export async function check(
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

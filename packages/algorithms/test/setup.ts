import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { afterEach, beforeAll, beforeEach, expect } from "vitest";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

// A tensor that outlives its test is a leak.
let tensorsBefore = 0;
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors, "tensors that outlived the test").toBe(tensorsBefore);
});

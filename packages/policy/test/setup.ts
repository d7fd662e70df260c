import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect } from "vitest";

// A tensor that outlives its test is a leak. The engine's own count works before any backend is chosen.
let tensorsBefore = 0;
beforeEach(() => {
  tensorsBefore = tf.engine().state.numTensors;
});
afterEach(() => {
  expect(tf.engine().state.numTensors, "tensors that outlived the test").toBe(tensorsBefore);
});

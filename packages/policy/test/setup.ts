import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect } from "vitest";

// A tensor that outlives its test is a leak.
let tensorsBefore = 0;
beforeEach(() => {
  tensorsBefore = tf.engine().backendName === null ? 0 : tf.memory().numTensors;
});
afterEach(() => {
  if (tf.engine().backendName !== null) expect(tf.memory().numTensors, "tensors that outlived the test").toBe(tensorsBefore);
});

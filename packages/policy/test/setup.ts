import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect } from "vitest";
import "../src/native/node-platform.js";

// A tensor that outlives its test is a leak. The engine's own count works before any backend is chosen; the check runs after all
// other cleanup, because it belongs to the first hook.
beforeEach(() => {
  const before = tf.engine().state.numTensors;
  return () => expect(tf.engine().state.numTensors, "tensors that outlived the test").toBe(before);
});

import { RandomStream } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import * as reference from "../../test/reference-ops.js";
import { relativeDifference } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { logitsGradient, tokenLogProbs } from "./token-log-probs.js";

const TARGET = 7;

/** Logits as a model has them, which a 32-bit float holds exactly. */
function logitsOf(vocab: number): Float64Array {
  const stream = new RandomStream(3, ["large vocabulary", vocab]);
  return Float64Array.from({ length: vocab }, () => Math.fround(3 * stream.normal() + 15));
}

describe.each(TEST_BACKENDS)("a sum over a large vocabulary loses no digits on %s", (backend) => {
  test.each([1_024, 1_025, 40_000, 151_936, 256_000])("%i logits", async (vocab) => {
    await useBackend(backend);
    const logits = logitsOf(vocab);
    const [logProb, entropy] = reference.tokenLogProbs(logits, [TARGET], 1);
    const logSum = logits[TARGET]! - logProb!;
    // ∂entropy/∂logit = −p·(log p + entropy), and of the log-probability 1[target] − p
    const slopes = logits.map((logit) => -Math.exp(logit - logSum) * (logit - logSum + entropy!));
    const pushes = logits.map((logit, id) => (id === TARGET ? 1 : 0) - Math.exp(logit - logSum));
    tf.tidy(() => {
      const x = tf.tensor2d(Float32Array.from(logits), [1, vocab]);
      const targets = tf.tensor1d([TARGET], "int32");
      const { logProbs, entropies } = tokenLogProbs(x, targets, { temperature: 1 });
      expect(Math.abs(logProbs.dataSync()[0]! - logProb!)).toBeLessThan(4e-6);
      expect(Math.abs(entropies.dataSync()[0]! - entropy!)).toBeLessThan(8e-6);
      const gradient = (dLogProb: number, dEntropy: number) =>
        logitsGradient(x, targets, tf.tensor1d([dLogProb]), tf.tensor1d([dEntropy]), { temperature: 1 }).dataSync();
      expect(relativeDifference(gradient(0, 1), slopes)).toBeLessThan(4e-5);
      expect(relativeDifference(gradient(1, 0), pushes)).toBeLessThan(5e-6);
    });
  });
});

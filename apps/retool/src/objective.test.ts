import { useBackend } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { advantagesOf, policyLoss, policyRow } from "./objective.js";
import { PRESETS } from "./presets.js";
import { RecipeConfig } from "./recipe-config.js";

const base = RecipeConfig.parse(PRESETS.tiny).train;

beforeAll(() => useBackend("cpu"));

describe("advantagesOf", () => {
  // One group of scores 1, −1, −1, −1: mean −0.5, unbiased deviation 1.
  const scores = [1, -1, -1, -1];
  test.each([
    ["grpo", [1.5, -0.5, -0.5, -0.5]],
    ["dr-grpo", [1.5, -0.5, -0.5, -0.5]],
    ["rloo", [2, -2 / 3, -2 / 3, -2 / 3]], // 1 − (−1); −1 − (1 − 1 − 1)/3
  ] as const)("%s", (advantage, expected) => {
    advantagesOf(scores, [0, 0, 0, 0], { ...base, advantage }).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });
});

// Two rollouts of 2 and 3 policy tokens with advantages 1.5 and −0.5, sampled by the very weights that are trained (ratio 1).
const advantages = [1.5, 1.5, -0.5, -0.5, -0.5];
const old = [-1, -2, -0.5, -0.1, -3];
const counts = { tokens: 5, rollouts: 2, trainedTokens: 5, trainedRows: 2 };

function gradients(objective: Partial<typeof base>) {
  const loss = policyLoss({ ...base, ...objective }, counts);
  return tf.tidy(() => {
    const fields = {
      oldLogProbs: tf.tensor1d(old),
      advantages: tf.tensor1d(advantages),
      tokensInRow: tf.tensor1d([2, 2, 3, 3, 3]),
    };
    const rowOfTarget = tf.tensor1d([0, 0, 1, 1, 1], "int32");
    const entropies = tf.tensor1d([1, 1, 1, 1, 1]);
    const ofLogProbs = tf.grad((x) => loss({ logProbs: x as tf.Tensor1D, entropies, fields, rowOfTarget }).loss);
    const ofEntropies = tf.grad((x) => loss({ logProbs: tf.tensor1d(old), entropies: x as tf.Tensor1D, fields, rowOfTarget }).loss);
    return {
      logProbs: [...ofLogProbs(tf.tensor1d(old)).dataSync()],
      entropies: objective.entropyCoef === undefined ? [] : [...ofEntropies(entropies).dataSync()],
    };
  });
}

describe("policyLoss at ratio 1 has the policy gradient", () => {
  test.each([
    ["the mean over tokens", { aggregation: "token-mean" }, [5, 5, 5, 5, 5]],
    ["the mean over rollouts of sums", { aggregation: "seq-mean-token-sum" }, [2, 2, 2, 2, 2]],
    ["the mean over rollouts of means", { aggregation: "seq-mean-token-mean" }, [4, 4, 6, 6, 6]], // 2 tokens · 2, 3 tokens · 2
    ["CISPO", { loss: "cispo" }, [5, 5, 5, 5, 5]],
    ["GSPO, as the mean over rollouts of means", { loss: "gspo", aggregation: "seq-mean-token-mean" }, [4, 4, 6, 6, 6]],
  ] as const)("%s", (_, objective, divisors) => {
    const { logProbs } = gradients(objective);
    logProbs.forEach((value, i) => expect(value).toBeCloseTo(-advantages[i]! / divisors[i]!, 5));
  });

  test("the entropy bonus pushes entropy up, by its coefficient over the step's tokens", () => {
    const { entropies } = gradients({ entropyCoef: 0.3 });
    entropies.forEach((value) => expect(value).toBeCloseTo(-0.3 / 5, 6));
  });
});

test("a policy row repeats what the loss needs at every token", () => {
  const { fields } = policyRow(Int32Array.of(7, 8, 9, 7), Uint8Array.of(0, 1, 0, 1), Float32Array.of(0, -1, 0, -2), 0.5);
  expect([...fields.advantages]).toEqual([0.5, 0.5, 0.5, 0.5]);
  expect([...fields.tokensInRow]).toEqual([2, 2, 2, 2]);
});

import type { PolicyLoss } from "@retool-ts/engine";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { policyLoss } from "../src/policy-loss.js";

beforeAll(async () => {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
});

// Two rollouts of 2 and 3 policy tokens with advantages 1.5 and −0.5, sampled by the very weights that are trained (ratio 1).
const advantages = [1.5, 1.5, -0.5, -0.5, -0.5];
const old = [-1, -2, -0.5, -0.1, -3];
const counts = { tokens: 5, rollouts: 2, trainedTokens: 5, trainedRows: 2, maxResponseTokens: 10 };

const base: PolicyLoss = {
  name: "ppo-clip",
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
  aggregation: "token-mean",
  entropyCoef: 0,
  importance: null,
  offPolicyThreshold: null,
  kl: null,
  counts,
};

function gradients(objective: Partial<PolicyLoss>, sampler: readonly number[] = old) {
  const loss = policyLoss({ ...base, ...objective });
  return tf.tidy(() => {
    const fields = {
      oldLogProbs: tf.tensor1d(old),
      samplerLogProbs: tf.tensor1d([...sampler]),
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
    ["sums over a constant", { aggregation: "seq-mean-token-sum-norm" }, [20, 20, 20, 20, 20]], // 2 rollouts · at most 10 tokens
    ["CISPO", { name: "cispo" }, [5, 5, 5, 5, 5]],
    ["SAPO", { name: "sapo" }, [5, 5, 5, 5, 5]],
    ["DPPO by total variation", { name: "dppo-tv" }, [5, 5, 5, 5, 5]],
    ["DPPO by KL", { name: "dppo-kl" }, [5, 5, 5, 5, 5]],
    ["VESPO", { name: "vespo" }, [5, 5, 5, 5, 5]],
    ["LUSPO, as the mean over rollouts of sums", { name: "luspo", aggregation: "seq-mean-token-sum" }, [2, 2, 2, 2, 2]],
    ["GSPO, as the mean over rollouts of means", { name: "gspo", aggregation: "seq-mean-token-mean" }, [4, 4, 6, 6, 6]],
  ] as const)("%s", (_, objective, divisors) => {
    const { logProbs } = gradients(objective);
    logProbs.forEach((value, i) => expect(value).toBeCloseTo(-advantages[i]! / divisors[i]!, 5));
  });

  test("the entropy bonus pushes entropy up, by its coefficient over the step's tokens", () => {
    const { entropies } = gradients({ entropyCoef: 0.3 });
    entropies.forEach((value) => expect(value).toBeCloseTo(-0.3 / 5, 6));
  });
});

describe("corrections for a sampler that differs", () => {
  const sampler = old.map((value, i) => value - [0.5, -0.25, 0, 2, -1][i]!); // log π_old − log π_sampler
  const plain = [-1.5, -1.5, 0.5, 0.5, 0.5].map((value) => value / 5); // gradients without one

  test.each([
    ["each token's ratio, at most 2", { level: "token", cap: 2, average: "product" }, [0.5, -0.25, 0, Math.log(2), -1]],
    ["the sequence's ratio", { level: "sequence", cap: 20, average: "product" }, [0.25, 0.25, 1, 1, 1]],
    ["its geometric mean", { level: "sequence", cap: 20, average: "geometric" }, [0.125, 0.125, 1 / 3, 1 / 3, 1 / 3]],
  ] as const)("importance weights: %s", (_, importance, logWeights) => {
    const { logProbs } = gradients({ importance }, sampler);
    logProbs.forEach((value, i) => expect(value).toBeCloseTo(plain[i]! * Math.exp(logWeights[i]!), 5));
  });

  test.each([
    ["each token's", { level: "token", cap: 2, average: "product" }, 0.5, [0.5, -0.25, 0, null, null]], // e² and e⁻¹ are out
    ["the sequence's", { level: "sequence", cap: 2, average: "product" }, 0.5, [0.25, 0.25, null, null, null]], // e
    ["its geometric mean", { level: "sequence", cap: 1.2, average: "geometric" }, 0, [0.125, 0.125, null, null, null]], // e^⅓
  ] as const)("masked importance weights: %s ratio beyond the bounds weighs 0", (_, importance, floor, logWeights) => {
    const { logProbs } = gradients({ importance: { ...importance, outside: "drop", floor } }, sampler);
    logProbs.forEach((value, i) => expect(value).toBeCloseTo(logWeights[i] === null ? 0 : plain[i]! * Math.exp(logWeights[i]!), 5));
  });

  test("the geometric mask drops a sequence, and leaves the others' gradients and the normalizer as they were", () => {
    const { logProbs } = gradients({ geometricMask: { low: 0.9, high: 1.2 } }, sampler); // means e^0.125 and e^⅓
    logProbs.forEach((value, i) => expect(value).toBeCloseTo(i < 2 ? plain[i]! : 0, 5));
  });

  test("a mistake is dropped when its sequence has drifted from the sampler, and only a mistake", () => {
    const drifted = old.map((value) => value + 0.3); // mean log π_sampler − log π is 0.3 in both sequences
    expect(gradients({ offPolicyThreshold: 0.2 }, drifted).logProbs.map((value) => value === 0)).toEqual([false, false, true, true, true]);
    expect(gradients({ offPolicyThreshold: 0.4 }, drifted).logProbs.every((value) => value !== 0)).toBe(true);
  });
});

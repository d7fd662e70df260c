import { describe, expect, test } from "vitest";
import { advantagesOf, isZero, meanAdvantage, returnsOf, type Advantage, type AdvantageInputs } from "./advantages.js";

// One group of scores 1, −1, −1, −1: mean −0.5, unbiased deviation 1. The policy chose the last two of three tokens.
const scores = [1, -1, -1, -1];
const inputs: AdvantageInputs = {
  scores,
  groupIds: [0, 0, 0, 0],
  lossMask: scores.map(() => [0, 1, 1]),
  rewards: scores.map((score) => [0, 0, score]),
  greedyScores: [-1, -1, -1, -1],
  parts: scores.map((score, i) => ({ outcome: score, form: i === 1 ? 0 : 0.2 })),
  values: scores.map(() => [9, 0, 0]), // with values of 0 and λ 1, GAE is REINFORCE++
};
const lastToken = (advantage: Advantage) => (typeof advantage === "number" ? advantage : advantage[2]!);

describe("advantagesOf", () => {
  test.each([
    ["grpo", [1.5, -0.5, -0.5, -0.5]],
    ["dr-grpo", [1.5, -0.5, -0.5, -0.5]],
    ["rloo", [2, -2 / 3, -2 / 3, -2 / 3]], // 1 − (−1); −1 − (1 − 1 − 1)/3
    // Returns (all 1 or −1), eight tokens: mean −0.5, unbiased variance (2 · 1.5² + 6 · 0.5²) / 7 = 6/7.
    ["reinforce++", [1.5, -0.5, -0.5, -0.5].map((value) => value / Math.sqrt(6 / 7))],
    ["reinforce++-baseline", [1.5, -0.5, -0.5, -0.5].map((value) => value / Math.sqrt(6 / 7))],
    ["gae", [1.5, -0.5, -0.5, -0.5].map((value) => value / Math.sqrt(6 / 7))],
    ["remax", [2, 0, 0, 0]],
    // Each part by its group: (1.5, −0.5, −0.5, −0.5) and (0.5, −1.5, 0.5, 0.5), half as heavy, then divided by the deviation of the sum.
    ["gdpo", [1.75, -1.25, -0.25, -0.25].map((value) => value / Math.sqrt((1.75 ** 2 + 1.25 ** 2 + 2 * 0.25 ** 2) / 3))],
  ] as const)("%s", (advantage, expected) => {
    const advantages = advantagesOf(inputs, { advantage, gamma: 1, gaeLambda: 1, gdpoWeights: { form: 0.5 } });
    advantages.forEach((value, i) => expect(lastToken(value)).toBeCloseTo(expected[i]!, 5));
  });

  test("what the critic learns stands over tool text, and is not whitened", () => {
    const [returns] = returnsOf({ ...inputs, lossMask: [[1, 0, 1]], rewards: [[0, 0, 1]], values: [[0.5, 7, 0.25]] }, { gamma: 1, gaeLambda: 0.5 }); // prettier-ignore
    // Last token: A = 1 − 0.25. First: δ = 0 + 0.25 − 0.5, A = −0.25 + 0.5 · 0.75.
    expect([returns![0], returns![2]]).toEqual([0.125 + 0.5, 1]);
  });

  test("a discount counts policy tokens", () => {
    const [first] = advantagesOf({ ...inputs, scores: [1], groupIds: [0], lossMask: [[1, 0, 1]], rewards: [[0, 0, 1]] }, { advantage: "reinforce++", gamma: 0.5, gaeLambda: 1 }); // prettier-ignore
    // Returns 0.5 and 1: mean 0.75, unbiased variance 0.125.
    expect(Array.from(first as number[])).toEqual([-0.25, 0, 0.25].map((value) => expect.closeTo(value / Math.sqrt(0.125), 5)));
  });
});

test("only the policy's own tokens decide whether a sample has an advantage, and what its mean is", () => {
  expect(isZero([5, 0, 0], [0, 1, 1])).toBe(true);
  expect(isZero([5, 0, 1], [0, 1, 1])).toBe(false);
  expect(isZero(0, [0, 1, 1])).toBe(true);
  expect(meanAdvantage([5, 0, 1], [0, 1, 1])).toBe(0.5);
  expect(meanAdvantage(-0.5, [0, 1, 1])).toBe(-0.5);
});

import { createTrajectory, type Trajectory } from "@retool-ts/rollout";
import { expect, test } from "vitest";
import { summarizeEvaluation } from "./evaluation.js";
import type { GradedRollout } from "./rollout-request.js";

function graded(id: string, correct: boolean, family: string, level: number): GradedRollout {
  const trajectory: Trajectory = createTrajectory({
    problemId: id,
    sampleIndex: 0,
    tokenIds: Int32Array.of(1, 2, 3),
    lossMask: Uint8Array.of(0, 1, 1),
    logProbs: Float32Array.of(0, -1, -1),
    promptLength: 1,
    segments: [
      { kind: "prompt", start: 0, end: 1, text: "p" },
      { kind: "model", start: 1, end: 3, text: "ab" },
    ],
    toolCalls: [],
    stopReason: "eos",
    turns: 1,
  });
  const score = correct ? 1 : -1;
  return {
    problem: { id, question: "q", answer: "1", source: "test", family, level },
    trajectory,
    reward: { score, correct, prediction: undefined, parts: { outcome: score } },
  };
}

test("avg@k is the mean over problems of the share of right samples", () => {
  const evaluation = summarizeEvaluation([
    [graded("a", true, "gcd", 1), graded("a", false, "gcd", 1)], // 1/2
    [graded("b", true, "gcd", 2), graded("b", true, "gcd", 2)], // 1
    [graded("c", false, "lcm", 1), graded("c", false, "lcm", 1)], // 0
  ]);
  expect(evaluation.accuracy).toBeCloseTo(0.5, 12);
  expect([evaluation.n, evaluation.samples]).toEqual([3, 2]);
  expect(evaluation.passAt[2]!.value).toBeCloseTo(2 / 3, 12); // a and b have a right sample
  expect(evaluation.families["gcd"]!.accuracy).toBeCloseTo(0.75, 12);
  expect(evaluation.levels["1"]!.accuracy).toBeCloseTo(0.25, 12);
});

test("accuracy by the digits of the longest number, where problems have them", () => {
  const withDigits = (digits: unknown, correct: boolean) => {
    const rollout = graded(String(digits), correct, "gcd", 1);
    return [{ ...rollout, problem: { ...rollout.problem, columns: { digits } } }];
  };
  const { digits } = summarizeEvaluation([withDigits(3, true), withDigits(3, false), withDigits(4, true), withDigits("4", false)]);
  expect(Object.entries(digits).map(([name, { n, accuracy }]) => [name, n, accuracy])).toEqual([
    ["3", 2, 0.5],
    ["4", 1, 1],
  ]);
});

test("families are in order, by the numbers in their names", () => {
  const names = ["sums of 10", "sums of 2", "gcd"];
  const { families } = summarizeEvaluation(names.map((name, i) => [graded(String(i), true, name, 1)]));
  expect(Object.keys(families)).toEqual(["gcd", "sums of 2", "sums of 10"]);
});

test("the interval is Wilson's", () => {
  // 8 of 10: centre (0.8 + 3.8415/20) / 1.38415 = 0.71674, half width (1.95996/1.38415)·√(0.016 + 0.0096036) = 0.22658.
  const { ci95 } = summarizeEvaluation(Array.from({ length: 10 }, (_, i) => [graded(String(i), i < 8, "gcd", 1)]));
  expect(ci95[0]).toBeCloseTo(0.49016, 4);
  expect(ci95[1]).toBeCloseTo(0.94332, 4);
});

test("an interval never leaves [0, 1], and nothing right still has room above", () => {
  const { ci95 } = summarizeEvaluation([[graded("a", false, "gcd", 1)]]);
  expect(ci95[0]).toBe(0);
  expect(ci95[1]).toBeGreaterThan(0.5);
});

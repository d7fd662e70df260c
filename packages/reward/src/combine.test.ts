import { describe, expect, test } from "vitest";
import { combineRewards } from "./combine.js";
import { outcomeReward } from "./outcome.js";
import type { ResponseSample } from "./reward.js";
import { lengthPart, overlongPart, toolCallShaping } from "./shaping.js";

const outcome = outcomeReward({ rule: "boxed-exact" });
const wrong: ResponseSample = { response: "", modelText: "\\boxed{41}", groundTruth: "42", toolCalls: 2, turns: 6, responseTokens: 95 };
const right: ResponseSample = { ...wrong, groundTruth: "41" };

describe("combineRewards", () => {
  test("adds weighted terms and keeps each by name", () => {
    const reward = combineRewards(outcome, [
      { name: "length", weight: -0.5, value: ({ responseTokens }) => responseTokens / 190 },
      { name: "bonus", value: (_, { correct }) => (correct ? 0.5 : 0) },
    ]);
    expect(reward(right)).toEqual({
      score: 1 - 0.25 + 0.5,
      correct: true,
      prediction: "41",
      parts: { outcome: 1, length: -0.25, bonus: 0.5 },
    });
    expect(reward(wrong).correct).toBe(false);
  });

  test("a name given twice or a value that is not finite throws", () => {
    expect(() => combineRewards(outcome, [{ name: "outcome", value: () => 0 }])(wrong)).toThrow("reward part outcome");
    expect(() => combineRewards(outcome, [{ name: "x", value: () => NaN }])(wrong)).toThrow(
      "reward part x: expected a finite number, got NaN",
    );
  });
});

describe("toolCallShaping", () => {
  const scoreOf = (count: "turns" | "toolCalls", sample: Partial<ResponseSample>) =>
    combineRewards(outcome, [toolCallShaping({ count })])({ ...wrong, ...sample }).score;

  test("turns, as in verl: −1 without a call, 0.1 more for each call, at most −0.6", () => {
    // The policy has a turn more than calls; verl counts these turns, the interpreter's, and one more.
    const scores = [0, 1, 2, 3, 4, 5, 15].map((toolCalls) => scoreOf("turns", { toolCalls, turns: toolCalls + 1 }));
    expect(scores.map((score) => Number(score.toFixed(12)))).toEqual([-1, -0.9, -0.8, -0.7, -0.6, -0.6, -0.6]);
  });

  test("tool calls, as in slime: −1.1 without a call, −1 at 2, −0.6 from 10 on", () => {
    expect([0, 2, 10, 11].map((toolCalls) => Number(scoreOf("toolCalls", { toolCalls }).toFixed(12)))).toEqual([-1.1, -1, -0.6, -0.6]);
  });

  test("a right answer is not shaped", () => {
    expect(combineRewards(outcome, [toolCallShaping({ count: "turns" })])(right)).toMatchObject({
      score: 1,
      parts: { outcome: 1, tool_calls: 0 },
    });
  });
});

test("overlongPart grows over the buffer", () => {
  const part = overlongPart({ maxLength: 100, bufferLength: 20 });
  const values = [0, 80, 90, 100].map((responseTokens) => part.value({ ...wrong, responseTokens }, outcome(wrong)));
  expect(values).toEqual([0, 0, -0.5, -1]);
});

test("lengthPart costs each token, up to 1", () => {
  const values = [0, 25, 100, 300].map((responseTokens) =>
    lengthPart({ maxLength: 100 }).value({ ...wrong, responseTokens }, outcome(wrong)),
  );
  expect(values).toEqual([0, -0.25, -1, -1]);
});

import { describe, expect, test } from "vitest";
import { combineRewards } from "./combine.js";
import { formatPart, hasFormat, requireFormat, type ResponseFormat } from "./format.js";
import { outcomeReward } from "./outcome.js";
import type { ResponseSample } from "./reward.js";

const sample = (modelText: string): ResponseSample => ({
  response: modelText,
  modelText,
  groundTruth: "42",
  toolCalls: 1,
  turns: 3,
  responseTokens: 50,
});

test.each([
  ["boxed", "so \\boxed{42}", true],
  ["boxed", "so \\boxed{42", false],
  ["answer-tag", "<think></think><answer>\\boxed{42}</answer>\n", true],
  ["answer-tag", "<answer>\\boxed{42}</answer> and more", false],
  ["answer-tag", "<answer>42</answer>", false],
  ["answer-tag", "<answer>\\boxed{4}</answer><answer>\\boxed{42}</answer>", false],
  ["answer-tag", "</answer><answer>\\boxed{42}", false],
  ["think-once", "<think>hm</think> \\boxed{42}", true],
  ["think-once", "<think>hm <code>1</code></think> \\boxed{42}", true],
  ["think-once", "\\boxed{42}", false],
  ["think-once", "</think></think>", false],
  ["think-once", "<think></think><code>1</code>", false],
  ["think-once", "<think></think>```python", false],
] satisfies readonly (readonly [ResponseFormat, string, boolean])[])("%s of %j: %s", (format, text, expected) => {
  expect(hasFormat(sample(text), format)).toBe(expected);
});

describe("formatPart", () => {
  const outcome = outcomeReward({ rule: "boxed-exact" });

  test("is a penalty, or a reward, with a part of its own", () => {
    const penalty = combineRewards(outcome, [formatPart({ format: "answer-tag" })]);
    expect(penalty(sample("\\boxed{42}"))).toMatchObject({ score: 0, correct: true, parts: { outcome: 1, format: -1 } });
    const bonus = combineRewards(outcome, [{ ...formatPart({ format: "boxed", satisfied: 1, violated: 0 }), weight: 0.1 }]);
    expect(bonus(sample("\\boxed{41}"))).toMatchObject({ score: -0.9, correct: false, parts: { outcome: -1, format: 0.1 } });
  });
});

test("SPO's reward: 1 for a right answer in the format, else 0", () => {
  const outcome = outcomeReward({ rule: "math-dapo-strict", scores: { wrong: 0 } });
  const reward = requireFormat(outcome, { format: "think-once" });
  expect(reward(sample("<think></think>\\boxed{42}"))).toMatchObject({ score: 1, correct: true, parts: { outcome: 1 } });
  expect(reward(sample("<think></think>\\boxed{41}"))).toMatchObject({ score: 0, correct: false, parts: { outcome: 0 } });
  expect(reward(sample("\\boxed{42}"))).toMatchObject({ score: 0, correct: true, parts: { outcome: 0 } });
});

import type { ResponseSample } from "@retool-ts/reward";
import { expect, test } from "vitest";
import { createReward, RewardConfig } from "./reward-config.js";

const sample: ResponseSample = {
  response: "<think></think>\\boxed{41}",
  modelText: "<think></think>\\boxed{41}",
  groundTruth: "42",
  toolCalls: 2,
  turns: 3,
  responseTokens: 90,
};
const reward = (config: unknown) => createReward(RewardConfig.parse(config), 100);

test("the default is the paper's outcome", () => {
  expect(reward({})(sample)).toMatchObject({ score: -1, parts: { outcome: -1 } });
  expect(reward({})({ ...sample, groundTruth: "41" })).toMatchObject({ score: 1, parts: { outcome: 1 } });
});

test("parts are weighted, added and kept by name", () => {
  const parts = [
    { kind: "tool-calls", weight: 0.5 },
    { kind: "overlong", bufferTokens: 20 },
    { kind: "length", weight: 0.1 },
    { kind: "format", format: "answer-tag", violated: -0.25 },
  ];
  const result = reward({ parts })(sample);
  expect(result.parts).toEqual({ outcome: -1, tool_calls: 0.1, overlong: -0.5, length: expect.closeTo(-0.09, 12), format: -0.25 });
  expect(result.score).toBeCloseTo(-1.74, 12);
});

test("a wrong answer after 0 to 5 calls scores as in verl, or as in slime", () => {
  const scores = (count?: string) =>
    [0, 1, 2, 3, 4, 5].map((toolCalls) =>
      Number(reward({ parts: [{ kind: "tool-calls", count }] })({ ...sample, toolCalls, turns: toolCalls + 1 }).score.toFixed(12)),
    );
  expect(scores()).toEqual([-1, -0.9, -0.8, -0.7, -0.6, -0.6]);
  expect(scores("toolCalls")).toEqual([-1.1, -1.05, -1, -0.95, -0.9, -0.85]);
});

test("0 and 1 behind a format, as in SPO", () => {
  const spo = reward({ rule: "math-dapo-strict", wrong: 0, requireFormat: "think-once" });
  expect(spo(sample).score).toBe(0);
  expect(spo({ ...sample, groundTruth: "41" }).score).toBe(1);
  expect(spo({ ...sample, modelText: "\\boxed{41}", groundTruth: "41" }).score).toBe(0);
});

test("undecided answers are paid as wrong ones unless the config says otherwise", () => {
  const huge = { ...sample, modelText: "\\boxed{2^{10^{7}}}", groundTruth: "2^{10^7}+0" };
  expect(reward({ rule: "equivalence", wrong: -0.5 })(huge).score).toBe(-0.5);
  expect(reward({ rule: "equivalence", undecided: 0 })(huge).score).toBe(0);
});

test("a kind of part given twice is a mistake with a message", () => {
  expect(() => reward({ parts: [{ kind: "length" }, { kind: "length" }] })).toThrow("reward.parts");
});

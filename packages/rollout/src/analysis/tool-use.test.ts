import { describe, expect, test } from "vitest";
import type { ToolStatus } from "../trajectory.js";
import { selfCorrections } from "./self-correction.js";
import { codeLines, toolUseMeasures, type AnalyzedRollout } from "./tool-use.js";

const call = (input: string, status: ToolStatus = "ok", start = 10) => ({ input, status, start });
const rollout = (correct: boolean, responseTokens: number, toolCalls: AnalyzedRollout["toolCalls"] = []): AnalyzedRollout => ({
  correct,
  promptTokens: 10,
  responseTokens,
  toolCalls,
});

test("the paper's measures, worked by hand", () => {
  const measures = toolUseMeasures([
    rollout(true, 20, [call("a\n\nb", "error", 15), call("c", "ok", 20)]), // fails, then corrects itself; starts at 5/20 and 10/20
    rollout(true, 10, [call("d", "ok", 10)]), // starts at 0
    rollout(false, 40, [call("e\nf", "ok", 30), call("g", "timeout", 40)]), // starts at 20/40 and 30/40
    rollout(false, 30),
  ]);
  expect(measures).toEqual({
    rollouts: 4,
    accuracy: 0.5,
    codeRatio: 0.75,
    codeLines: 7 / 4, // 2 + 1 + 1 + 2 + 1
    codeLinesWithCode: 7 / 3,
    calls: 5,
    correctCalls: 3,
    callsPerRollout: 1.25,
    callPassRate: { all: 3 / 5, right: 2 / 3, wrong: 1 / 2 },
    lastCallPassRate: { all: 2 / 3, right: 1, wrong: 0 },
    firstCallTiming: (0.25 + 0 + 0.5) / 3,
    callTiming: (0.25 + 0.5 + 0 + 0.5 + 0.75) / 5,
    responseTokens: { all: 25, right: 15, wrong: 35 },
    medianResponseTokens: 25,
    longResponseTokens: 37, // between 30 and 40, seven tenths of the way
    failures: { error: 1, timeout: 1 },
    failingShare: 0.5,
    selfCorrections: 1,
  });
});

test("without code there is nothing to measure of it", () => {
  const measures = toolUseMeasures([rollout(true, 5)]);
  expect(measures).toMatchObject({ codeRatio: 0, codeLines: 0, calls: 0, failures: {} });
  for (const value of [measures.codeLinesWithCode, measures.callPassRate.all, measures.lastCallPassRate.wrong, measures.firstCallTiming])
    expect(value).toBeNaN();
});

test("blank lines are no lines of code", () => {
  expect(["", "a", "a\n\n  \nb\n"].map(codeLines)).toEqual([0, 1, 2]);
});

describe("selfCorrections", () => {
  const found = (correct: boolean, ...calls: [string, ToolStatus][]) =>
    selfCorrections({ correct, toolCalls: calls.map(([input, status]) => ({ input, status })) });

  test.each([
    ["a failing call, other code, a right answer", found(true, ["a", "error"], ["b", "ok"]), [{ failed: 0, corrected: 1 }]],
    [
      "two failures before the correction are one case",
      found(true, ["a", "error"], ["b", "fuel"], ["c", "ok"]),
      [{ failed: 1, corrected: 2 }],
    ],
    [
      "two corrections are two cases",
      found(true, ["a", "error"], ["b", "ok"], ["c", "error"], ["d", "ok"]),
      [
        { failed: 0, corrected: 1 },
        { failed: 2, corrected: 3 },
      ],
    ],
    ["a wrong answer is none", found(false, ["a", "error"], ["b", "ok"]), []],
    ["the same code again is none", found(true, ["a", "timeout"], [" a", "ok"]), []],
    ["a sandbox that broke down is none", found(true, ["a", "infra"], ["b", "ok"]), []],
    ["a call that was interrupted is none", found(true, ["a", "killed"], ["b", "ok"]), []],
    ["a failure at the end is none", found(true, ["a", "ok"], ["b", "error"]), []],
  ])("%s", (_, cases, expected) => {
    expect(cases).toEqual(expected);
  });
});

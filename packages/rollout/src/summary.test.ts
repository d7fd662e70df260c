import { expect, test } from "vitest";
import { summarizeRollouts } from "./summary.js";
import { createTrajectory, type StopReason, type ToolStatus, type Trajectory } from "./trajectory.js";

/** A rollout of a prompt of two tokens, a response of one segment, and calls in it. */
function rollout(
  responseTokens: number,
  calls: readonly (readonly [status: ToolStatus, start: number, code: string])[],
  { turns, stopReason }: { readonly turns: number; readonly stopReason: StopReason },
): Trajectory {
  const length = 2 + responseTokens;
  return createTrajectory({
    problemId: "p",
    sampleIndex: 0,
    tokenIds: new Int32Array(length),
    lossMask: Uint8Array.from({ length }, (_, t) => (t < 2 ? 0 : 1)),
    logProbs: new Float32Array(length),
    promptLength: 2,
    segments: [
      { kind: "prompt", start: 0, end: 2, text: "" },
      { kind: "model", start: 2, end: length, text: "" },
    ],
    toolCalls: calls.map(([status, start, input]) => ({
      tool: "code_interpreter",
      input,
      result: "",
      status,
      durationMs: 0,
      fuel: 0,
      start,
    })),
    stopReason,
    turns,
  });
}

test("tools are in the order of their names, whichever is called first", () => {
  const { toolCalls, ...rest } = rollout(10, [["ok", 2, "a"], ["ok", 4, "b"]], { turns: 3, stopReason: "answered" }); // prettier-ignore
  const calls = toolCalls.map((call, i) => ({ ...call, tool: ["search", "lookup"][i]! }));
  expect(Object.keys(summarizeRollouts([{ ...rest, toolCalls: calls }]).tools)).toEqual(["lookup", "search"]);
});

test("four rollouts by hand", () => {
  const summary = summarizeRollouts([
    rollout(
      10,
      [
        ["error", 2, "a\nb"],
        ["ok", 7, "c"],
      ],
      { turns: 3, stopReason: "answered" },
    ),
    rollout(20, [["timeout", 12, "a\nb\nc"]], { turns: 2, stopReason: "maxTokens" }),
    rollout(6, [], { turns: 1, stopReason: "answered" }),
    rollout(4, [["ok", 4, ""]], { turns: 2, stopReason: "eos" }),
  ]);
  const { stopReasons, tools, ...rest } = summary;
  expect(tools).toEqual({ code_interpreter: { meanCalls: 4 / 4, passRate: 2 / 4 } });
  expect(rest).toEqual({
    rollouts: 4,
    codeRatio: 3 / 4,
    callPassRate: 2 / 4, // of error, ok, timeout, ok
    lastCallPassRate: 2 / 3, // ok, timeout, ok
    meanTurns: (3 + 2 + 1 + 2) / 4,
    meanToolCalls: (2 + 1 + 0 + 1) / 4,
    meanResponseTokens: (10 + 20 + 6 + 4) / 4,
    meanCallTiming: (0 + 5 / 10 + 10 / 20 + 2 / 4) / 4,
    meanCodeLines: (2 + 1 + 3 + 0) / 3,
  });
  expect(stopReasons).toMatchObject({ answered: 0.5, maxTokens: 0.25, eos: 0.25, aborted: 0 });
  expect(Object.values(stopReasons).reduce((sum, share) => sum + share, 0)).toBe(1);
});

test("without calls the measures of calls are NaN", () => {
  const summary = summarizeRollouts([rollout(3, [], { turns: 1, stopReason: "eos" })]);
  expect(summary).toMatchObject({ codeRatio: 0, meanToolCalls: 0, meanResponseTokens: 3 });
  expect([summary.callPassRate, summary.lastCallPassRate, summary.meanCallTiming, summary.meanCodeLines]).toEqual([NaN, NaN, NaN, NaN]);
});

test("without rollouts all means are NaN", () => {
  const { rollouts, meanTurns, stopReasons } = summarizeRollouts([]);
  expect([rollouts, meanTurns, stopReasons.eos]).toEqual([0, NaN, NaN]);
});

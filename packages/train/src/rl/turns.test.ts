import { createTrajectory, type ToolStatus } from "@retool-ts/rollout";
import { describe, expect, test } from "vitest";
import { advantagesOf } from "./advantages.js";
import { turnsOf } from "./turns.js";

/** A prompt token; then turns of two tokens that call, each with one token of output; then one that answers. */
function rollout(statuses: readonly ToolStatus[], turns?: readonly (number | null)[]) {
  const length = 1 + 3 * statuses.length + 1;
  const segments = [
    { kind: "prompt" as const, start: 0, end: 1, text: "?" },
    ...statuses.flatMap((_, i) => [
      { kind: "model" as const, start: 1 + 3 * i, end: 3 + 3 * i, text: "call" },
      { kind: "tool" as const, start: 3 + 3 * i, end: 4 + 3 * i, text: "out" },
    ]),
    { kind: "model" as const, start: length - 1, end: length, text: "answer" },
  ];
  const trajectory = createTrajectory({
    problemId: "p",
    sampleIndex: 0,
    tokenIds: new Int32Array(length),
    lossMask: Uint8Array.from({ length }, (_, t) => (segments.find(({ start, end }) => start <= t && t < end)!.kind === "model" ? 1 : 0)),
    logProbs: new Float32Array(length),
    promptLength: 1,
    segments,
    toolCalls: statuses.map((status, i) => ({ tool: "t", input: "", result: "", status, durationMs: 0, fuel: 0, start: 2 + 3 * i })),
    stopReason: "answered",
    turns: statuses.length + 1,
  });
  return { trajectory, reward: { score: 1, correct: true, prediction: "", parts: {}, ...(turns && { turns }) } };
}

const credit = { coef: 1, ok: 1, failed: -0.5 };

describe("turns", () => {
  test("are the policy's stretches between outputs; a call is worth what its status says, an answer nothing", () => {
    const { rewards, ofToken } = turnsOf(rollout(["ok", "error"]), credit);
    expect(rewards).toEqual([1, -0.5, null]);
    expect([...ofToken]).toEqual([-1, 0, 0, -1, 1, 1, -1, 2]);
  });

  test("several calls in one turn have their mean", () => {
    const { trajectory, reward } = rollout(["ok"]);
    const [call] = trajectory.toolCalls;
    const toolCalls = [call!, { ...call!, status: "error" as const }];
    expect(turnsOf({ trajectory: { ...trajectory, toolCalls }, reward }, credit).rewards).toEqual([0.25, null]);
  });

  test("a reward function may rate them itself, each of them", () => {
    expect(turnsOf(rollout(["ok"], [0.3, 0.7]), credit).rewards).toEqual([0.3, 0.7]);
    expect(() => turnsOf(rollout(["ok"], [0.3]), credit)).toThrow("turns: expected 2, one for each turn of the policy, got 1");
  });
});

test("mt-grpo gives the tokens of a turn its advantage, and none to the tool's", () => {
  const samples = [rollout(["ok"]), rollout(["error"])];
  const inputs = {
    scores: [1, 1],
    groupIds: [0, 0],
    lossMask: samples.map(({ trajectory }) => trajectory.lossMask),
    rewards: samples.map(({ trajectory }) => new Float32Array(trajectory.tokenIds.length)),
    turns: samples.map((sample) => turnsOf(sample, credit)),
  };
  const options = { advantage: "mt-grpo", gamma: 1, gaeLambda: 1, turnCredit: { ...credit, coef: 2 } } as const;
  const z = 2 * Math.SQRT1_2; // two rewards: (r − mean) / unbiased std = ±1/√2
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5) as number);
  expect(advantagesOf(inputs, options)).toEqual([close([0, z, z, 0, 0]), close([0, -z, -z, 0, 0])]);
});

import { expect, test } from "vitest";
import { createTrajectory, modelText, responseText, type Trajectory } from "./trajectory.js";

const fields: Trajectory = {
  problemId: "p",
  sampleIndex: 0,
  tokenIds: Int32Array.of(1, 2, 3, 4, 5),
  lossMask: Uint8Array.of(0, 0, 1, 0, 1),
  logProbs: Float32Array.of(0, 0, -1, 0, -2),
  promptLength: 2,
  segments: [
    { kind: "prompt", start: 0, end: 2, text: "ab" },
    { kind: "model", start: 2, end: 3, text: "c" },
    { kind: "tool", start: 3, end: 4, text: "d" },
    { kind: "model", start: 4, end: 5, text: "e" },
  ],
  toolCalls: [],
  stopReason: "eos",
  turns: 2,
};

test("a consistent trajectory is frozen and keeps its fields", () => {
  const trajectory = createTrajectory(fields);
  expect(trajectory).toEqual(fields);
  expect(Object.isFrozen(trajectory)).toBe(true);
});

test("text is told apart by its author", () => {
  const trajectory = createTrajectory(fields);
  expect(modelText(trajectory)).toBe("ce");
  expect(responseText(trajectory)).toBe("cde");
});

test.each<[name: string, change: Partial<Trajectory>, message: string]>([
  ["a mask that is too short", { lossMask: Uint8Array.of(0, 0, 1, 0) }, "lossMask: expected [5], got [4]"],
  ["log-probs that are too long", { logProbs: new Float32Array(6) }, "logProbs: expected [5], got [6]"],
  ["a gap", { segments: fields.segments.filter((_, i) => i !== 1) }, "segment at 3 does not continue from 2"],
  [
    "an overlap",
    { segments: [fields.segments[0]!, { kind: "model", start: 1, end: 5, text: "" }] },
    "segment at 1 does not continue from 2",
  ],
  ["a segment that runs backwards", { segments: [fields.segments[0]!, { kind: "model", start: 2, end: 1, text: "" }] }, "segment at 2"],
  ["tokens without a segment", { segments: fields.segments.slice(0, 3) }, "segments end at 4 of 5 tokens"],
  ["tool output in the mask", { lossMask: Uint8Array.of(0, 0, 1, 1, 1) }, "token 3 has mask 1 in a tool segment"],
  ["a sampled token out of the mask", { lossMask: Uint8Array.of(0, 0, 0, 0, 1) }, "token 2 has mask 0 in a model segment"],
  ["a log-prob of forced text", { logProbs: Float32Array.of(0, 0, -1, -1, -2) }, "token 3 has a log-probability"],
  ["another prompt length", { promptLength: 3 }, "the first segment is not a prompt of 3 tokens"],
  ["no prompt", { segments: [] }, "the first segment is not a prompt of 2 tokens"],
])("%s is refused", (_, change, message) => {
  expect(() => createTrajectory({ ...fields, ...change })).toThrow(message);
});

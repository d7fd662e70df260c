import { expect, test } from "vitest";
import { disagreement, type Trial } from "./trial.js";

const TRIAL: Trial = {
  rows: [],
  told: [Float32Array.of(0, -1.5)],
  scores: [Float32Array.of(0, -0.5), Float32Array.of(0, -2)],
  loss: 1.2,
  gradNorm: 0.95,
  stepMs: 1,
};
const RESCORED = [Float32Array.of(0, -1.5)];

test("rounding is no disagreement", () => {
  const other = { ...TRIAL, scores: [Float32Array.of(0, -0.501), Float32Array.of(0, -2.001)], loss: 1.205, gradNorm: 0.952 };
  expect(disagreement(TRIAL, other, [Float32Array.of(0, -1.5015)])).toBeUndefined();
});

test.each([
  ["a log-probability of the same tokens", { scores: [Float32Array.of(0, -0.5), Float32Array.of(0, -2.25)] }, RESCORED, "a log-probability differs by 0.25, and 0.002 is allowed"], // prettier-ignore
  ["what the sampler said of its own", {}, [Float32Array.of(0, -1)], "a log-probability differs by 0.5, and 0.002 is allowed"],
  ["a log-probability that is no number", { scores: [Float32Array.of(0, Number.NaN), Float32Array.of(0, -2)] }, RESCORED, "a log-probability differs by no number, and 0.002 is allowed"], // prettier-ignore
  ["rows that are missing", { scores: [Float32Array.of(0, -0.5)] }, RESCORED, "a log-probability differs by no number, and 0.002 is allowed"], // prettier-ignore
  ["the loss", { loss: 1.3 }, RESCORED, "the loss is 1.3 instead of 1.2"],
  ["a loss that is no number", { loss: Number.NaN }, RESCORED, "the loss is no number instead of 1.2"],
  ["the gradient", { gradNorm: 1.02 }, RESCORED, "the size of the gradient is 1.02 instead of 0.95"],
] as const)("%s", (_, change: Partial<Trial>, rescored, text) => {
  expect(disagreement(TRIAL, { ...TRIAL, ...change }, rescored)).toBe(text);
});

import { expect, test } from "vitest";
import { ropeFrequencies } from "./rope-frequencies.js";

const YARN = {
  type: "yarn",
  factor: 4,
  betaFast: 1_000,
  betaSlow: 1,
  originalMaxPositions: 10_000,
  attentionFactor: 1,
  truncate: true,
} as const;

test("YaRN's ramp ends at the last dimension, and pairs on it are stretched in part", () => {
  // With θ = 10 and 8 dimensions, 1,000 turns are made by pair 8·ln(10,000/2,000π)/(2·ln 10) = 0.8 and one by pair 12.8: from 0 to 7.
  const expected = [0, 1, 2, 3].map((i) => 10 ** (-i / 4) * (1 - i / 7 + i / 7 / 4));
  ropeFrequencies(8, 10, YARN).forEach((frequency, i) => expect(frequency).toBeCloseTo(expected[i]!, 12));
});

test("a ramp without a width is a step", () => {
  // One turn within the original length is made by pair 0 itself: that keeps its angle, all others are stretched.
  const step = { ...YARN, betaFast: 1, originalMaxPositions: 2 * Math.PI };
  const expected = [1, 10 ** (-1 / 4) / 4, 10 ** (-2 / 4) / 4, 10 ** (-3 / 4) / 4];
  ropeFrequencies(8, 10, step).forEach((frequency, i) => expect(frequency).toBeCloseTo(expected[i]!, 12));
});

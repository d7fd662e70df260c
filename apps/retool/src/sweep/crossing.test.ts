import { expect, test } from "vitest";
import { crossing } from "./crossing.js";
import type { CurvePoint } from "./learning-curves.js";

/** A curve with an evaluation every five steps. */
const curve = (...accuracies: number[]): CurvePoint[] => accuracies.map((accuracy, i) => ({ step: 5 * i, accuracy }));

const text = curve(0.1, 0.12, 0.15, 0.15, 0.14); // 20 steps; best 0.15, first at step 10

test("the first evaluation above the other run's best", () => {
  expect(crossing(curve(0.1, 0.3, 0.6, 0.8, 0.9), text)).toEqual({ best: 0.15, bestStep: 10, step: 5, share: 0.25 });
});

test("one lucky evaluation does not count, and equal is not above", () => {
  expect(crossing(curve(0.1, 0.3, 0.15, 0.8, 0.9), text)).toMatchObject({ step: 15, share: 0.75 });
});

test("a run that starts above passes at step 0, one that ends at or below never does", () => {
  expect(crossing(curve(0.2, 0.3), text)).toMatchObject({ step: 0, share: 0 });
  expect(crossing(curve(0.1, 0.3, 0.15), text)).toMatchObject({ step: null, share: null });
});

test("runs of different lengths: the share is of the other run's steps", () => {
  expect(crossing(curve(0.1, 0.1, 0.1, 0.2), curve(0.1, 0.15))).toMatchObject({ step: 15, share: 3 });
});

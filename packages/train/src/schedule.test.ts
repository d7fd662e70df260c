import { expect, test } from "vitest";
import { learningRateAt, type ScheduleOptions } from "./schedule.js";

const options: ScheduleOptions = { kind: "constant", peak: 8, warmupSteps: 4, totalSteps: 12, floor: 0.25 };
const rates = (kind: ScheduleOptions["kind"], steps: readonly number[]) => steps.map((step) => learningRateAt(step, { ...options, kind }));

test("warm-up rises in equal steps and reaches the peak with its last step", () => {
  expect(rates("constant", [0, 1, 2, 3, 4, 11, 50])).toEqual([2, 4, 6, 8, 8, 8, 8]);
});

test("linear decay goes from the peak to the floor and stays there", () => {
  expect(rates("linear", [4, 8, 12, 50])).toEqual([8, 5, 2, 2]); // 8 · (1 − 0.75 · ½) = 5
});

test("cosine decay is half-way at the middle", () => {
  const [start, middle, end, after] = rates("cosine", [4, 8, 12, 50]);
  expect(start).toBe(8);
  expect(middle).toBeCloseTo(5, 12);
  expect([end, after]).toEqual([2, 2]);
});

test("no warm-up, no steps after it", () => {
  expect(learningRateAt(0, { ...options, warmupSteps: 0 })).toBe(8);
  expect(learningRateAt(4, { ...options, kind: "linear", totalSteps: 4 })).toBe(8);
});

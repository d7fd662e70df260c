import { describe, expect, test } from "vitest";
import { studentInterval, studentQuantile } from "./student-interval.js";

describe("studentQuantile", () => {
  // Two-sided 95 % values of the printed tables (Fisher and Yates, table III).
  test.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [30, 2.042],
    [120, 1.98],
  ])("at %i degrees of freedom is the tables' %f", (freedom, expected) => {
    expect(studentQuantile(0.95, freedom)).toBeCloseTo(expected, 3);
  });

  test("has closed forms at one and two degrees of freedom", () => {
    expect(studentQuantile(0.5, 1)).toBeCloseTo(1, 12); // tan(π/4)
    expect(studentQuantile(0.95, 2)).toBeCloseTo(0.95 * Math.sqrt(2 / (1 - 0.95 ** 2)), 10); // p·√(2/(1 − p²))
    expect(studentQuantile(0.99, 4)).toBeCloseTo(4.6041, 4);
  });
});

describe("studentInterval", () => {
  test("three values by hand", () => {
    // mean 0.9, deviations −0.02, 0, 0.02: s = √(0.0008/2) = 0.02, half width 4.30265 · 0.02 / √3 = 0.049683
    const { n, mean, standardDeviation, halfWidth, values } = studentInterval([0.88, 0.9, 0.92]);
    expect(n).toBe(3);
    expect(mean).toBeCloseTo(0.9, 12);
    expect(standardDeviation).toBeCloseTo(0.02, 12);
    expect(halfWidth).toBeCloseTo(0.049683, 6);
    expect(values).toEqual([0.88, 0.9, 0.92]);
  });

  test("one value has no interval, and equal values have one of no width", () => {
    expect(studentInterval([0.5])).toEqual({ n: 1, mean: 0.5, standardDeviation: null, halfWidth: null, values: [0.5] });
    expect(studentInterval([2, 2]).halfWidth).toBe(0);
    expect(() => studentInterval([])).toThrow("at least one value");
  });
});

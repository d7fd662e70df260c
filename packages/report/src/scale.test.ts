import { expect, test } from "vitest";
import { niceScale, shortNumber } from "./scale.js";

test("scales end on round numbers", () => {
  expect(niceScale(-0.31, 0.78).ticks).toEqual([-0.5, 0, 0.5, 1]);
  expect(niceScale(3, 3).ticks.length).toBeGreaterThan(1);
  expect(niceScale(0, 0).ticks).toContain(0);
  expect([0, 0.0431, 1234.5, 2e6, 1.5e-5, -0.00938].map(shortNumber)).toEqual(["0", "0.0431", "1,235", "2e6", "1.5e-5", "-0.00938"]);
});

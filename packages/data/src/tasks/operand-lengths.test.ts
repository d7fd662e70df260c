import { RandomStream } from "@retool-ts/core";
import { expect, test } from "vitest";
import { taskFamilies } from "./families.js";
import { drawByLength } from "./task-family.js";

/** How often each length is drawn, by length. */
function lengthsOf(numbers: readonly number[]): Record<number, number> {
  const lengths: Record<number, number> = {};
  for (const number of numbers) lengths[String(number).length] = (lengths[String(number).length] ?? 0) + 1 / numbers.length;
  return lengths;
}

test("numbers of every length are drawn equally often, all within the range", () => {
  const stream = new RandomStream(1, ["lengths"]);
  const drawn = Array.from({ length: 6_000 }, () => drawByLength(stream, 100, 12_345));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(100);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(12_345);
  const third = expect.closeTo(1 / 3, 1) as number;
  expect(lengthsOf(drawn)).toEqual({ 3: third, 4: third, 5: third });
});

test("a product of two numbers of three digits plus one of four is no rarity in training", () => {
  const family = taskFamilies.find(({ name }) => name === "multiply-add")!;
  const shapes = Array.from({ length: 2_000 }, (_, seed) => {
    const { question } = family.generate(new RandomStream(seed, ["shapes"]), 3);
    return question.match(/\d+/g)!.map((number) => number.length).join(); // prettier-ignore
  });
  const share = shapes.filter((shape) => shape === "3,3,4").length / shapes.length;
  expect(share).toBeGreaterThan(0.1); // evenly drawn: 0.8 %
});

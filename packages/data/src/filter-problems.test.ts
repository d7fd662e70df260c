import { expect, test } from "vitest";
import { filterProblems } from "./filter-problems.js";
import type { ProblemSource } from "./problem.js";

const numbers: ProblemSource = { problem: (index) => ({ id: String(index), question: "?", answer: "", source: "t" }) };
const thirds = () => filterProblems(numbers, ({ id }) => Number(id) % 3 === 0);

test("an index is that of the problems that pass, in any order of asking", () => {
  expect([0, 1, 2, 3].map((index) => thirds().problem(index).id)).toEqual(["0", "3", "6", "9"]);
  const source = thirds();
  expect([5, 0, 5, 2].map((index) => source.problem(index).id)).toEqual(["15", "0", "15", "6"]);
});

test("a filter that nothing passes is told", () => {
  expect(() => filterProblems(numbers, () => false).problem(0)).toThrow(/problems that pass it.*100,000 in a row.*loosen/s);
});

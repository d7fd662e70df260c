import { expect, test } from "vitest";
import { mixProblems } from "./mix-problems.js";
import type { ProblemSource } from "./problem.js";

const numbered = (name: string): ProblemSource => ({
  problem: (index) => ({ id: `${name} ${index}`, question: "?", answer: "", source: name }),
});
const mixed = (seed = 1) => mixProblems([{ source: numbered("a"), weight: 3 }, { source: numbered("b"), weight: 1 }], seed); // prettier-ignore
const ids = (source: ProblemSource, count: number) => Array.from({ length: count }, (_, i) => source.problem(i).id);

test("sources come as often as their weights say, each in its own order, none left out", () => {
  const all = ids(mixed(), 4_000);
  const [a, b] = ["a", "b"].map((name) => all.filter((id) => id.startsWith(name)));
  expect(a!.length / all.length).toBeCloseTo(0.75, 1); // standard error 0.7 %
  expect(a).toEqual(ids(numbered("a"), a!.length));
  expect(b).toEqual(ids(numbered("b"), b!.length));
});

test("an index is always the same problem, in any order of asking; a seed gives an order of its own", () => {
  const first = ids(mixed(), 50);
  const source = mixed();
  expect([40, 3, 49, 3].map((index) => source.problem(index).id)).toEqual([40, 3, 49, 3].map((index) => first[index]));
  expect(ids(mixed(2), 50)).not.toEqual(first);
});

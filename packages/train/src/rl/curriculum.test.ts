import { RandomStream } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { expect, test } from "vitest";
import { chooseProblems, problemKind, updateRates } from "./curriculum.js";
import type { GroupedRollout } from "./sample.js";

const problem = (level: number, id = ""): Problem => ({ id, question: "?", answer: "1", source: "t", family: "sum", level });
const stream = (seed: number) => new RandomStream(seed, ["t"]);

test("a kind is a family at a level, as far as a problem has them", () => {
  expect(problemKind(problem(2))).toBe("sum, level 2");
  expect([problemKind({ family: "a" }), problemKind({ level: 1 }), problemKind({})]).toEqual(["a", "level 1", ""]);
});

test("one problem of several is drawn in proportion to 4 p (1 - p), with a floor, and 1 where nothing is known", () => {
  const candidates = [1, 2, 3, 4].map((level) => problem(level));
  const rates = { "sum, level 1": 1, "sum, level 2": 0.5, "sum, level 3": 0.1 };
  const weights = [0.2, 1, 0.36, 1];
  const counts = [0, 0, 0, 0];
  const draws = 20_000;
  for (let seed = 0; seed < draws; seed++) counts[chooseProblems(candidates, 1, rates, 0.2, stream(seed))[0]!.level! - 1]! += 1;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // five standard deviations of a binomial count
  counts.forEach((count, i) => {
    const p = weights[i]! / total;
    expect(Math.abs(count - draws * p)).toBeLessThan(5 * Math.sqrt(draws * p * (1 - p)));
  });
});

test("several are drawn without replacement: the first as above, the second among the rest", () => {
  const candidates = [1, 2, 3].map((level) => problem(level));
  const rates = { "sum, level 1": 0.5, "sum, level 2": 0.5, "sum, level 3": 0 };
  const [a, b] = [1, 0.25]; // weights of the first two, and of the third
  let withThird = 0;
  const draws = 20_000;
  for (let seed = 0; seed < draws; seed++) {
    const chosen = chooseProblems(candidates, 2, rates, b, stream(seed)).map(({ level }) => level!);
    expect(chosen).toEqual(chosen.toSorted());
    expect(new Set(chosen).size).toBe(2);
    if (chosen.includes(3)) withThird++;
  }
  const p = b / (2 * a + b) + 2 * (a / (2 * a + b)) * (b / (a + b));
  expect(Math.abs(withThird - draws * p)).toBeLessThan(5 * Math.sqrt(draws * p * (1 - p)));
});

test("with a floor of 1 there is no preference; fewer candidates than wanted are all taken", () => {
  const candidates = [problem(1, "a"), problem(2, "b")];
  expect(chooseProblems(candidates, 5, {}, 1, stream(1))).toEqual(candidates);
  let first = 0;
  for (let seed = 0; seed < 4_000; seed++)
    if (chooseProblems(candidates, 1, { "sum, level 1": 1, "sum, level 2": 0.5 }, 1, stream(seed))[0]!.id === "a") first++;
  expect(Math.abs(first - 2_000)).toBeLessThan(5 * Math.sqrt(1_000));
});

test("a rate starts with the share of the first rollouts, then moves by what memory leaves; spoiled rollouts do not count", () => {
  const rollout = (level: number, correct: boolean, stopReason = "answered") =>
    ({ problem: problem(level), reward: { correct, score: 0 }, trajectory: { stopReason }, group: 0 }) as unknown as GroupedRollout;
  const first = updateRates({}, [rollout(1, true), rollout(1, false), rollout(1, false), rollout(1, true, "toolFailed")], 0.9);
  expect(first).toEqual({ "sum, level 1": 1 / 3 });
  const next = updateRates(first, [rollout(1, true), rollout(2, true)], 0.9);
  expect(next["sum, level 1"]).toBeCloseTo(0.9 / 3 + 0.1, 12);
  expect(next["sum, level 2"]).toBe(1);
  expect(updateRates(next, [], 0.9)).toEqual(next);
});

import { InputError } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { taskFamilies } from "./families.js";
import { createTaskSource, splitOfKey, type GeneratedProblem } from "./task-source.js";
import { distinctTestSet } from "./test-set.js";

function draw(seed: number, split: "train" | "test", count: number): GeneratedProblem[] {
  const source = createTaskSource({ seed, split });
  return Array.from({ length: count }, (_, index) => source.problem(index));
}

function shares<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1 / items.length);
  return counts;
}

describe("createTaskSource", () => {
  const train = draw(1, "train", 20_000);
  const heldOut = draw(2, "test", 20_000);

  test("train and test problems are disjoint over 20,000 indices, whatever the seeds", () => {
    const keys = new Set(train.map(({ key }) => key));
    expect(heldOut.filter(({ key }) => keys.has(key))).toEqual([]);
  });

  test("about a fifth of the keys is held out", () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => splitOfKey(`gcd:${i},${i + 7}`));
    expect(keys.filter((split) => split === "test").length / keys.length).toBeCloseTo(0.2, 1);
  });

  test("the same seed, split and index give the same problem in any order; another seed gives others", () => {
    const again = createTaskSource({ seed: 1, split: "train" });
    for (const index of [19_999, 0, 777]) {
      const { instance: _, ...problem } = again.problem(index);
      expect(train[index]).toMatchObject(problem);
    }
    const other = draw(3, "train", 100);
    expect(other.filter(({ key }, i) => key === train[i]!.key).length).toBeLessThan(5);
  });

  test("families come in equal shares and levels as 2 : 1 : 1", () => {
    expect([...shares(train.map(({ family }) => family)).values()].every((share) => Math.abs(share - 0.1) < 1e-9)).toBe(true);
    const levels = shares(train.map(({ level }) => level));
    expect(levels.get(1)).toBeCloseTo(0.5, 1);
    expect(levels.get(3)).toBeCloseTo(0.25, 1);
  });

  test("no constant answer is right for more than 12 % of the problems", () => {
    for (const problems of [train, heldOut]) {
      expect(Math.max(...shares(problems.map(({ answer }) => answer)).values())).toBeLessThan(0.12);
    }
  });

  test("no number of the question is the answer for more than 12 % of the problems", () => {
    const copied = heldOut.filter(({ question, answer }) => (question.match(/\d+/g) ?? []).at(-1) === answer);
    expect(copied.length / heldOut.length).toBeLessThan(0.12);
  });

  test("chosen families and levels only", () => {
    const source = createTaskSource({ seed: 0, split: "train", families: ["gcd", "lcm"], levelWeights: [0, 0, 1] });
    const problems = Array.from({ length: 50 }, (_, index) => source.problem(index));
    expect(new Set(problems.map(({ family }) => family))).toEqual(new Set(["gcd", "lcm"]));
    expect(problems.every(({ level }) => level === 3)).toBe(true);
  });

  test("wordings change the questions and nothing else", () => {
    const [unseen, other] = (["reordered", "newWords"] as const).map((wordings) => createTaskSource({ seed: 1, split: "train", wordings }));
    for (let index = 0; index < 200; index++) {
      const { question, key, answer, level } = train[index]!;
      expect(unseen!.problem(index)).toMatchObject({ key, answer, level });
      expect(other!.problem(index)).toMatchObject({ key, answer, level });
      expect(new Set([question, unseen!.problem(index).question, other!.problem(index).question]).size).toBe(3);
    }
  });

  test("unknown families and impossible weights are reported with what is allowed", () => {
    expect(() => createTaskSource({ seed: 0, split: "train", families: ["gdc"] })).toThrow(InputError);
    expect(() => createTaskSource({ seed: 0, split: "train", families: ["gdc"] })).toThrow(/names among multiply-add, gcd, .*found gdc/);
    expect(() => createTaskSource({ seed: 0, split: "train", families: [] })).toThrow(InputError);
    expect(() => createTaskSource({ seed: 0, split: "train", levelWeights: [0, 0, 0] })).toThrow(InputError);
  });
});

describe("distinctTestSet", () => {
  test("has different problems of the test side, families in equal shares", () => {
    const problems = distinctTestSet({ count: 605 });
    expect(new Set(problems.map(({ key }) => key)).size).toBe(605);
    expect(problems.every(({ key }) => splitOfKey(key) === "test")).toBe(true);
    const counts = taskFamilies.map(({ name }) => problems.filter(({ family }) => family === name).length).toSorted((a, b) => a - b);
    expect(counts).toEqual([60, 60, 60, 60, 60, 61, 61, 61, 61, 61]);
  });

  test("says so when the pool is too small", () => {
    expect(() => distinctTestSet({ count: 400, families: ["divisor-count"], levelWeights: [1, 0, 0] })).toThrow(/only \d+ of 400/);
  });

  test("serves as a validation set of the training side", () => {
    const problems = distinctTestSet({ count: 40, split: "train", seed: 9 });
    expect(problems.every(({ key }) => splitOfKey(key) === "train")).toBe(true);
  });
});

test("a set without the problems of another shares none with it", () => {
  const first = distinctTestSet({ count: 60 });
  const second = distinctTestSet({ count: 60, seed: 0, without: first });
  const taken = new Set(first.map(({ key }) => key));
  expect(second).toHaveLength(60);
  expect(second.filter(({ key }) => taken.has(key))).toEqual([]);
});

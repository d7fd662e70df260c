import { expect, test } from "vitest";
import { groupAdvantages } from "./advantages.js";
import { decoupledAdvantages } from "./decoupled.js";

const close = (actual: readonly number[], expected: readonly number[]) =>
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 9));

// Two prompts of three samples; the format is rewarded by 0.1, the answer by 1.
const rewards = [
  { answer: 1, format: 0.1 },
  { answer: 0, format: 0.1 },
  { answer: 0, format: 0 },
  { answer: 1, format: 0 },
  { answer: 0, format: 0.1 },
  { answer: 1, format: 0 },
];
const groups = ["a", "a", "a", "b", "b", "b"];

/** The paper's eq. 4 to 6, term by term. */
function reference(weights: Readonly<Record<"answer" | "format", number>>, epsilon: number): number[] {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
  const sums = rewards.map((each, i) =>
    (["answer", "format"] as const).reduce((total, name) => {
      const group = rewards.filter((_, k) => groups[k] === groups[i]).map((other) => other[name]);
      return total + (weights[name] * (each[name] - mean(group))) / (std(group) + epsilon);
    }, 0),
  );
  return sums.map((value) => (value - mean(sums)) / (std(sums) + epsilon));
}

test("each reward is normalised in its group, then the sum over the batch", () => {
  close(decoupledAdvantages(rewards, groups), reference({ answer: 1, format: 1 }, 1e-6));
  close(decoupledAdvantages(rewards, groups, { weights: { format: 0.25 }, epsilon: 1e-3 }), reference({ answer: 1, format: 0.25 }, 1e-3));
});

test("combinations with one sum, which GRPO cannot tell apart, stay apart", () => {
  const pair = [{ a: 1, b: 0 }, { a: 0, b: 1 }, { a: 1, b: 0 }, { a: 1, b: 0 }]; // prettier-ignore
  const sums = groupAdvantages(pair.map(({ a, b }) => a + b), [0, 0, 0, 0], { normalizeByStd: true }); // prettier-ignore
  expect(sums).toEqual([0, 0, 0, 0]);
  const weighted = decoupledAdvantages(pair, [0, 0, 0, 0], { weights: { b: 0.5 } });
  expect(weighted[0]).toBeGreaterThan(weighted[1]! + 1);
});

test("a group without differences teaches exactly nothing, and a reward that is missing is 0", () => {
  const found = decoupledAdvantages([{ a: 0.1 }, { a: 0.1 }, { a: 0.7 }, { a: 0.1 }, { b: 1 }, {}], [0, 0, 1, 1, 2, 2]);
  expect(found.slice(0, 2)).toEqual([0, 0]);
  expect(found[4]).toBeGreaterThan(0);
  expect(decoupledAdvantages([], [])).toEqual([]);
});

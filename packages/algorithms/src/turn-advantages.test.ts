import { expect, test } from "vitest";
import { turnAdvantages } from "./turn-advantages.js";

/** Unbiased z-score, written out. */
const z = (value: number, all: readonly number[]) => {
  const mean = all.reduce((sum, each) => sum + each, 0) / all.length;
  const variance = all.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (all.length - 1);
  return (value - mean) / (Math.sqrt(variance) + 1e-6);
};
const close = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map((value) => expect.closeTo(value, 10) as number));

test("a turn has the outcome's advantage, and that of its reward among the same turns of the group", () => {
  const scores = [1, -1, 1, -1];
  const turns = [[1, null], [0, 1, null], [1, 0, null], [null]] as const;
  const o = scores.map((score) => z(score, scores));
  expect(turnAdvantages(scores, turns, [7, 7, 7, 7], { turnCoef: 0.5 })).toEqual(
    close([
      [o[0]! + 0.5 * z(1, [1, 0, 1]), o[0]!],
      [o[1]! + 0.5 * z(0, [1, 0, 1]), o[1]! + 0.5 * z(1, [1, 0]), o[1]!],
      [o[2]! + 0.5 * z(1, [1, 0, 1]), o[2]! + 0.5 * z(0, [1, 0]), o[2]!],
      [o[3]!],
    ]),
  );
});

test("groups are apart, and a turn that no other of its group has is not compared", () => {
  const apart = turnAdvantages([1, 0, 1, 0], [[1], [0], [0], [1]], ["a", "a", "b", "b"]);
  const half = Math.SQRT1_2;
  expect(apart).toEqual([[2 * half], [-2 * half], [0], [0]].map(([value]) => [expect.closeTo(value!, 4)]));
  expect(turnAdvantages([1, 0], [[1, 5], [0]], [1, 1])[0]![1]).toBeCloseTo(half, 4);
});

test("a group whose outcomes are equal still learns from its turns", () => {
  const [right, wrong] = turnAdvantages([1, 1], [[1, null], [0, null]], [1, 1]); // prettier-ignore
  expect([right![0]! > 0, wrong![0]! < 0, right![1], wrong![1]]).toEqual([true, true, 0, 0]);
});

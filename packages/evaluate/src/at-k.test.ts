import { expect, test } from "vitest";
import { sameAnswerUnder, votesOf } from "./answer-classes.js";
import { estimatesAtK, usualK } from "./at-k.js";

const group = (answers: string, right: string) =>
  Array.from(answers, (letter) => ({
    reward: { prediction: letter === "-" ? undefined : letter, correct: letter === right },
  }));

test("pass@k and maj@k for several k, worked by hand", () => {
  // First problem rrab: pass@1 = 1/2, pass@2 = 1 − C(2,2)/C(4,2) = 5/6; maj@4 = 1 (2 votes against 1 and 1).
  // Second problem aa-r: pass@1 = 1/4, pass@2 = 1 − C(3,2)/C(4,2) = 1/2; maj@4 = 0.
  const { passAt, majorityAt } = estimatesAtK([group("rrab", "r"), group("aa-r", "r")], 4, { passK: [1, 2], majorityK: [1, 4] });
  expect(passAt[1]!.value).toBeCloseTo((1 / 2 + 1 / 4) / 2, 12);
  expect(passAt[2]!.value).toBeCloseTo((5 / 6 + 1 / 2) / 2, 12);
  expect(majorityAt[1]!.value).toBeCloseTo((1 / 2 + 1 / 4) / 2, 12);
  expect(majorityAt[4]!.value).toBeCloseTo(1 / 2, 12);
  expect(Object.keys(passAt)).toEqual(["1", "2"]);
});

test("without a choice, powers of two and all samples", () => {
  expect([1, 2, 8, 30].map(usualK)).toEqual([[], [2], [2, 4, 8], [2, 4, 8, 16, 30]]);
});

test.each([
  ["boxed-exact", ["42", "042", " 42 ", "42.0"], [0, 0, 0, 1]],
  ["equivalence", ["\\frac{1}{2}", "0.5", "1/2", "0.25"], [0, 0, 0, 1]],
  ["math-dapo-strict", ["42", " 42"], [0, 1]],
  ["math-dapo-minerva", ["42", "$42$", "x=42", "43"], [0, 0, 0, 1]],
] as const)("under %s, %j vote as %j", (rule, predictions, classes) => {
  const votes = votesOf(
    predictions.map((prediction) => ({ prediction, correct: false })),
    sameAnswerUnder(rule),
  );
  expect(votes.map(({ answer }) => answer)).toEqual(classes.map(String));
});

test("a sample without an answer abstains, and right and wrong answers never share a vote", () => {
  const votes = votesOf(
    [
      { prediction: undefined, correct: false },
      { prediction: "1", correct: true },
      { prediction: "1", correct: false },
    ],
    () => true,
  );
  expect(votes.map(({ answer }) => answer)).toEqual([undefined, "0", "1"]);
});

import { expect, test } from "vitest";
import { knownLogProbs } from "./known-log-probs.js";

const told = (...ids: number[]) => ids.map((id, i) => ({ id, logprob: -i - 1 }));

test("what is told goes to its tokens, and what is lacking stays open", () => {
  expect(knownLogProbs([5, 6, 7], told(5, 6, 7))).toEqual([-1, -2, -3]);
  expect(knownLogProbs([5, 9, 7], told(5, 7))).toEqual([-1, undefined, -2]);
  expect(knownLogProbs([5, 6], [])).toEqual([undefined, undefined]);
});

test("where equal tokens leave it open whose it is, nobody guesses", () => {
  expect(knownLogProbs([5, 9, 5, 6], told(5, 6))).toEqual([undefined, undefined, undefined, -2]);
  expect(knownLogProbs([5, 9, 5, 6], told(5, 9, 6))).toEqual([-1, -2, undefined, -3]);
});

test("other tokens than these are no list of theirs", () => {
  expect(knownLogProbs([5, 6], told(5, 7))).toBeUndefined();
  expect(knownLogProbs([5, 6], told(6, 5))).toBeUndefined();
});

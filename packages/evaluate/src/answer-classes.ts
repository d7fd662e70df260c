import { answersMatch, normalizeFinalAnswer, verifyAnswer, type OutcomeRule } from "@retool-ts/reward";
import type { Vote } from "./estimators.js";

/** Equality of two answers in a vote. */
export type SameAnswer = (left: string, right: string) => boolean;

/** Answers are the same in a vote when the rule that grades them would take one for the other. */
export function sameAnswerUnder(rule: OutcomeRule): SameAnswer {
  switch (rule) {
    case "boxed-exact":
      return (left, right) => answersMatch(left, right);
    case "equivalence":
      return (left, right) => left.trim() === right.trim() || verifyAnswer(left, right).status === "correct";
    case "math-dapo-strict":
      return (left, right) => left === right;
    case "math-dapo-minerva":
      return (left, right) => normalizeFinalAnswer(left) === normalizeFinalAnswer(right);
  }
}

/** Answer of one sample, and the verdict. */
export interface GradedAnswer {
  /** Undefined when no answer was found. */
  readonly prediction: string | undefined;
  readonly correct: boolean;
}

/**
 * Votes for a majority: each answer joins the first earlier one that it is the same as, right answers only right ones. A sample in which
 * no answer was found abstains.
 */
export function votesOf(answers: readonly GradedAnswer[], same: SameAnswer): Vote[] {
  const classes: { readonly answer: string; readonly correct: boolean }[] = [];
  return answers.map(({ prediction, correct }) => {
    if (prediction === undefined) return { answer: undefined, correct };
    let place = classes.findIndex((known) => known.correct === correct && same(known.answer, prediction));
    if (place < 0) place = classes.push({ answer: prediction, correct }) - 1;
    return { answer: String(place), correct };
  });
}

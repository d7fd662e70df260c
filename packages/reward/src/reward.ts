import type { Verdict } from "./verify/verdict.js";

/** What a reward function may look at. */
export interface RewardSample {
  /** The whole response text, interpreter output included. */
  readonly response: string;
  /** Only what the policy wrote. A rule that must not be fooled by printed answers reads this. */
  readonly modelText: string;
  readonly groundTruth: string;
  readonly toolCalls: number;
  /** Turns of the dialogue, as the rollout counts them. */
  readonly turns: number;
  readonly responseTokens: number;
}

/** Verdict on one sample. */
export interface RewardResult {
  /** The number to train on: the sum of `parts`. */
  readonly score: number;
  /** Whether the answer is right, whatever else the score is made of. */
  readonly correct: boolean;
  /** The answer that was graded; undefined if none was found. */
  readonly prediction: string | undefined;
  /** What each term adds to the score, by name, for the log. */
  readonly parts: Readonly<Record<string, number>>;
  /** What the verifier said, and why; only with the rule `equivalence`. */
  readonly verdict?: Verdict;
}

/** Scores one sample: pure, total and synchronous. It must return for any text, however long or malformed. */
export type RewardFunction = (sample: RewardSample) => RewardResult;

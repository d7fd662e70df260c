import { RetoolError } from "@retool-ts/core";
import type { Verdict } from "./verify/verdict.js";

/** A response and the answer that it should give: all that the rules and terms of this package read. */
export interface ResponseSample {
  /** The whole response text, interpreter output included. */
  readonly response: string;
  /** Only what the policy wrote. A rule that must not be fooled by printed answers reads this. */
  readonly modelText: string;
  readonly groundTruth: string;
  readonly toolCalls: number;
  /** Turns of the policy, each from a prompt or tool output to a call or the end: one without a call, two with one. */
  readonly turns: number;
  readonly responseTokens: number;
}

/** A problem as a reward sees it; `Problem` of `@retool-ts/data` is one. */
export interface RewardProblem {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
  /** Every column of its row, by name: unit tests, a rubric, whatever a judge needs. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** A rollout as a reward sees it; `Trajectory` of `@retool-ts/rollout` is one. */
export interface RewardTrajectory {
  readonly stopReason: string;
  readonly segments: readonly { readonly kind: string; readonly text: string }[];
  readonly toolCalls: readonly {
    readonly tool: string;
    readonly input: string;
    readonly result: string;
    readonly status: string;
  }[];
}

/** One rollout of a problem with all that is known of it, and the others of its group beside it. */
export interface RewardSample<
  P extends RewardProblem = RewardProblem,
  T extends RewardTrajectory = RewardTrajectory,
> extends ResponseSample {
  readonly problem: P;
  readonly trajectory: T;
  /** All rollouts of the problem in this step, this one included, in order. */
  readonly group: readonly RewardSample<P, T>[];
  /** Place in the group. */
  readonly index: number;
  /** Fires when the run is interrupted; a reward that waits for something should give up then. */
  readonly signal?: AbortSignal;
}

/** Verdict on one sample. */
export interface RewardResult {
  /** The number to train on: the sum of `parts`. */
  readonly score: number;
  /** Set if the answer is right, whatever else the score is made of. */
  readonly correct: boolean;
  /** The answer that was graded; undefined if none was found. */
  readonly prediction: string | undefined;
  /** Amounts that each term adds to the score, by name, for the log. */
  readonly parts: Readonly<Record<string, number>>;
  /** Rewards of single turns of the policy in order, null for a turn without; beside the score, for advantages a turn. */
  readonly turns?: readonly (number | null)[];
  /** The verifier's verdict and reason; only with the rule `equivalence`. */
  readonly verdict?: Verdict;
}

/** Outputs that a reward may return: a score alone, or with more of a {@link RewardResult}. A score above 0 counts as right unless it says so. */
export type RewardOutput = number | (Pick<RewardResult, "score"> & Partial<RewardResult>);

/**
 * Scores one rollout, at once or later: a judge may ask a model, run tests, or compare the rollouts of the group.
 *
 * It must return for any text, however long or malformed; an error ends the run.
 */
export type RewardFunction<P extends RewardProblem = RewardProblem, T extends RewardTrajectory = RewardTrajectory> = (
  sample: RewardSample<P, T>,
) => RewardOutput | Promise<RewardOutput>;

/** A reward of the response alone: pure, total and synchronous. It is a {@link RewardFunction} too. */
export type ResponseReward = (sample: ResponseSample) => RewardResult;

/**
 * A reward's output with everything that was left out.
 *
 * @throws RetoolError when the score or a part is no finite number.
 */
export function completeResult(output: RewardOutput): RewardResult {
  const given = typeof output === "number" ? { score: output } : output;
  const { score, correct = score > 0, prediction, parts = { outcome: score } } = given;
  for (const [name, value] of Object.entries({ score, ...parts })) {
    if (!Number.isFinite(value)) throw new RetoolError("REWARD", `reward: ${name}: expected a finite number, got ${value}`);
  }
  return { ...given, score, correct, prediction, parts };
}

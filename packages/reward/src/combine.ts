import { RetoolError } from "@retool-ts/core";
import {
  completeResult,
  type ResponseReward,
  type ResponseSample,
  type RewardFunction,
  type RewardOutput,
  type RewardProblem,
  type RewardResult,
  type RewardSample,
  type RewardTrajectory,
} from "./reward.js";

/** A term of a reward besides its outcome. */
export interface RewardPart<Sample extends ResponseSample = ResponseSample, Value = number> {
  /** Name in the log; no other part may have it. */
  readonly name: string;
  /** Factor of the value. Default 1. */
  readonly weight?: number;
  /** The term for one sample, which may depend on the verdict. */
  readonly value: (sample: Sample, outcome: RewardResult) => Value;
}

/**
 * Adds weighted terms to an outcome: score = outcome + Σ weight · value. Outcome and terms may take their time.
 *
 * The verdict stays that of the outcome, and each term is kept by name in `parts`, so that a log shows what was rewarded.
 *
 * @throws RetoolError when two parts have one name, or a part returns a value that is not finite.
 */
export function combineRewards(outcome: ResponseReward, terms: readonly RewardPart[]): ResponseReward;
export function combineRewards<P extends RewardProblem = RewardProblem, T extends RewardTrajectory = RewardTrajectory>(
  outcome: RewardFunction<P, T>,
  terms: readonly RewardPart<RewardSample<P, T>, number | Promise<number>>[],
): RewardFunction<P, T>;
export function combineRewards<Sample extends ResponseSample>(
  outcome: (sample: Sample) => RewardOutput | Promise<RewardOutput>,
  terms: readonly RewardPart<Sample, number | Promise<number>>[],
): (sample: Sample) => RewardOutput | Promise<RewardOutput> {
  return (sample) =>
    whenDone(outcome(sample), (output) => {
      const verdict = completeResult(output);
      const values = terms.map(({ value }) => value(sample, verdict));
      const isSync = values.every((value) => typeof value === "number");
      return isSync
        ? withTerms(verdict, terms, values)
        : Promise.all(values.map(async (value) => value)).then((known) => withTerms(verdict, terms, known));
    });
}

function withTerms(verdict: RewardResult, terms: readonly Pick<RewardPart, "name" | "weight">[], values: readonly number[]): RewardResult {
  const parts: Record<string, number> = { ...verdict.parts };
  let { score } = verdict;
  for (const [index, { name, weight = 1 }] of terms.entries()) {
    if (Object.hasOwn(parts, name)) throw new RetoolError("REWARD", `reward part ${name}: expected a name of its own, found it twice`);
    const added = weight * values[index]!;
    if (!Number.isFinite(added)) throw new RetoolError("REWARD", `reward part ${name}: expected a finite number, got ${added}`);
    parts[name] = added;
    score += added;
  }
  return { ...verdict, score, parts };
}

/** Goes on at once with a value that is there, so that rewards that need not wait stay synchronous. */
export function whenDone<A, B>(value: A | Promise<A>, next: (value: A) => B | Promise<B>): B | Promise<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}

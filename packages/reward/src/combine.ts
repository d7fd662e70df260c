import { RetoolError } from "@retool-ts/core";
import type { RewardFunction, RewardResult, RewardSample } from "./reward.js";

/** A term of a reward besides its outcome. */
export interface RewardPart {
  /** Name in the log; no other part may have it. */
  readonly name: string;
  /** Factor of the value. Default 1. */
  readonly weight?: number;
  /** The term for one sample, which may depend on the verdict. */
  readonly value: (sample: RewardSample, outcome: RewardResult) => number;
}

/**
 * Adds weighted terms to an outcome: score = outcome + Σ weight · value.
 *
 * The verdict stays that of the outcome, and each term is kept by name in `parts`, so that a log shows what was rewarded.
 *
 * @throws RetoolError when two parts have one name, or a part returns a value that is not finite.
 */
export function combineRewards(outcome: RewardFunction, terms: readonly RewardPart[]): RewardFunction {
  return (sample) => {
    const verdict = outcome(sample);
    const parts: Record<string, number> = { ...verdict.parts };
    let score = verdict.score;
    for (const { name, weight = 1, value } of terms) {
      if (Object.hasOwn(parts, name)) throw new RetoolError("REWARD", `reward part ${name}: expected a name of its own, found it twice`);
      const added = weight * value(sample, verdict);
      if (!Number.isFinite(added)) throw new RetoolError("REWARD", `reward part ${name}: expected a finite number, got ${added}`);
      parts[name] = added;
      score += added;
    }
    return { ...verdict, score, parts };
  };
}

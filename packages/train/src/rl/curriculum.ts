import { groupBy, type RandomStream } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { isScored, type GroupedRollout } from "./sample.js";

/** Share of right rollouts by kind of problem, older ones weighing less. A kind is a family at a level. */
export type SuccessRates = Readonly<Record<string, number>>;

/** The kind of a problem; problems without family and level are all of one. */
export function problemKind({ family, level }: Pick<Problem, "family" | "level">): string {
  return [family, level === undefined ? undefined : `level ${level}`].filter((part) => part !== undefined).join(", ");
}

/**
 * Draws problems, those the likelier of which the policy solves about half: a weight of 4 p (1 − p), which is the variance of a group's
 * verdicts, and 1 for a kind that was never tried. Without replacement, by the keys u^(1/weight) of Efraimidis and Spirakis
 * (https://doi.org/10.1016/j.ipl.2005.11.003). The chosen stay in their order.
 *
 * @param floor - smallest weight, so that no kind is given up.
 */
export function chooseProblems(
  candidates: readonly Problem[],
  count: number,
  rates: SuccessRates,
  floor: number,
  stream: RandomStream,
): readonly Problem[] {
  const keys = candidates.map((problem) => Math.log(1 - stream.uniform()) / weightOf(rates[problemKind(problem)], floor));
  const places = [...keys.keys()].sort((a, b) => keys[b]! - keys[a]!).slice(0, count);
  return places.sort((a, b) => a - b).map((place) => candidates[place]!);
}

function weightOf(rate: number | undefined, floor: number): number {
  return rate === undefined ? 1 : Math.max(floor, 4 * rate * (1 - rate));
}

/**
 * Rates after more rollouts.
 *
 * @param memory - weight of what was known of a kind; the new rollouts of a step have the rest.
 */
export function updateRates(rates: SuccessRates, rollouts: readonly GroupedRollout[], memory: number): SuccessRates {
  const updated: Record<string, number> = { ...rates };
  for (const [kind, tried] of groupBy(rollouts.filter(isScored), ({ problem }) => problemKind(problem))) {
    const share = tried.filter(({ reward }) => reward.correct).length / tried.length;
    const before = rates[kind];
    updated[kind] = before === undefined ? share : memory * before + (1 - memory) * share;
  }
  return updated;
}

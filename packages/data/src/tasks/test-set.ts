import { RetoolError } from "@retool-ts/core";
import { createTaskSource, selectFamilies, type GeneratedProblem, type TaskSourceOptions } from "./task-source.js";

/** {@link TaskSourceOptions}, with seed 0 and the test split by default. */
export interface DistinctSetOptions extends Partial<TaskSourceOptions> {
  readonly count: number;
  /** Problems that must not be among them. */
  readonly without?: readonly Pick<GeneratedProblem, "key">[];
  /** Whether a problem may be among them; default: every one. */
  readonly keep?: (problem: GeneratedProblem) => boolean;
}

const MAX_DRAWS_PER_PROBLEM = 50;

/**
 * `count` different problems (no two share a key) with the families in shares as equal as `count` allows. With
 * `split: "train"` and a seed of its own it serves as a validation set.
 *
 * @throws RetoolError `TASK_POOL` where the families do not have that many different problems.
 */
export function distinctTestSet({
  count,
  seed = 0,
  split = "test",
  without = [],
  keep,
  ...options
}: DistinctSetOptions): GeneratedProblem[] {
  const families = selectFamilies(options.families);
  const source = createTaskSource({ ...options, seed, split });
  const seen = new Set(without.map(({ key }) => key));
  const perFamily = new Map<string, number>();
  const chosen: GeneratedProblem[] = [];
  const fullFamilies = count % families.length;
  const share = Math.floor(count / families.length);
  let aboveShare = 0;
  for (let index = 0; chosen.length < count; index++) {
    if (index >= MAX_DRAWS_PER_PROBLEM * (count + without.length + families.length)) {
      throw new RetoolError("TASK_POOL", `task set: only ${chosen.length} of ${count} different ${split} problems were found`);
    }
    const problem = source.problem(index);
    if (keep?.(problem) === false) continue;
    const taken = perFamily.get(problem.family) ?? 0;
    if (seen.has(problem.key) || taken > share || (taken === share && aboveShare >= fullFamilies)) continue;
    if (taken === share) aboveShare++;
    seen.add(problem.key);
    perFamily.set(problem.family, taken + 1);
    chosen.push(problem);
  }
  return chosen;
}

import type { Problem } from "@retool-ts/data";

/** Problems without exact repeats, question and answer, in the order in which they came. */
export class DistinctProblems {
  readonly #problems = new Map<string, Problem>();

  /** @returns how many different ones there are now. */
  add(problem: Problem): number {
    const key = JSON.stringify([problem.question, problem.answer]);
    if (!this.#problems.has(key)) this.#problems.set(key, problem);
    return this.#problems.size;
  }

  get problems(): Problem[] {
    return [...this.#problems.values()];
  }
}

/** Problems with ids that are all different, as random numbers and kept rollouts go by them. */
export function withDistinctIds(problems: readonly Problem[]): Problem[] {
  const seen = new Map<string, number>();
  return problems.map((problem) => {
    const times = (seen.get(problem.id) ?? 0) + 1;
    seen.set(problem.id, times);
    return times === 1 ? problem : { ...problem, id: `${problem.id} (${times})` };
  });
}

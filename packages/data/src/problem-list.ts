import { InputError, RandomStream } from "@retool-ts/core";
import type { Problem, ProblemSource } from "./problem.js";

/**
 * Problems without end: those of a list, in a new order each epoch.
 *
 * @param seed - of the order
 * @throws InputError when the list is empty.
 */
export function problemList(problems: readonly Problem[], seed: number): ProblemSource {
  if (problems.length === 0) {
    throw new InputError({ what: "problems", where: "the list", expected: "at least one", found: "none", fix: "give some problems" });
  }
  let epoch = -1;
  let order: Problem[] = [];
  return {
    problem(index) {
      const wanted = Math.floor(index / problems.length);
      if (wanted !== epoch) {
        epoch = wanted;
        order = new RandomStream(seed, ["problems", epoch]).shuffle(problems);
      }
      return order[index % problems.length]!;
    },
  };
}

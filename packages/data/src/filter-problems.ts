import { InputError } from "@retool-ts/core";
import type { Problem, ProblemSource } from "./problem.js";

/** Problems in a row that may be left out before a filter is taken for one that nothing passes. */
const MOST_IN_A_ROW = 100_000;

/**
 * Those problems of an endless source that pass, by an index of their own; the same index always gives the same problem.
 *
 * @throws InputError (from `problem`) when 100,000 in a row do not pass.
 */
export function filterProblems(source: ProblemSource, keep: (problem: Problem) => boolean): ProblemSource {
  const places: number[] = [];
  let next = 0;
  return {
    problem(index) {
      while (places.length <= index) {
        const from = next;
        while (!keep(source.problem(next))) if (++next - from >= MOST_IN_A_ROW) throw nothingLeft();
        places.push(next++);
      }
      return source.problem(places[index]!);
    },
  };
}

function nothingLeft(): InputError {
  const found = `${MOST_IN_A_ROW.toLocaleString("en")} in a row that do not`;
  return new InputError({ what: "problems", where: "the filter", expected: "problems that pass it", found, fix: "loosen the filter" });
}

import { streamKey, uniformAt } from "@retool-ts/core";
import type { Problem, ProblemSource } from "./problem.js";

/** A source of a mixture. */
export interface MixedSource {
  readonly source: ProblemSource;
  /** How often its problems come, against the other weights; above 0. */
  readonly weight: number;
}

/**
 * Problems of several endless sources, each drawn with a chance of its weight over all weights. A source's own problems come in its own
 * order, none left out; the same index always gives the same problem.
 *
 * @param seed - of the draws
 */
export function mixProblems(sources: readonly MixedSource[], seed: number): ProblemSource {
  const total = sources.reduce((sum, { weight }) => sum + weight, 0);
  const key = streamKey(seed, ["mixed-problems"]);
  const taken = sources.map(() => 0);
  const drawn: (readonly [from: number, index: number])[] = [];
  const draw = (index: number): number => {
    let rest = uniformAt(key, index) * total;
    const from = sources.findIndex(({ weight }) => (rest -= weight) < 0);
    return from < 0 ? sources.length - 1 : from; // where rounding leaves nothing
  };
  return {
    problem(index): Problem {
      while (drawn.length <= index) {
        const from = draw(drawn.length);
        drawn.push([from, taken[from]!++]);
      }
      const [from, own] = drawn[index]!;
      return sources[from]!.source.problem(own);
    },
  };
}

import type { RandomStream } from "@retool-ts/core";
import { select } from "../number-theory.js";
import { countSteps, joinSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

interface Operands {
  readonly low: number;
  readonly high: number;
  readonly modulus: number;
  readonly remainder: number;
}

/** The remainder is that of some square in the range, so the count is at least 1. */
function drawOperands(stream: RandomStream, level: TaskLevel): Operands {
  const [lowFirst, lowLast, narrow, wide, modulusLow, modulusHigh] = (
    [
      [1, 9, 5, 15, 3, 9],
      [1, 60, 20, 150, 5, 30],
      [100, 999, 900, 4000, 20, 199],
    ] as const
  )[level - 1]!;
  const low = stream.integer(lowFirst, lowLast);
  const high = low + stream.integer(narrow, wide);
  const modulus = level === 3 ? drawByLength(stream, modulusLow, modulusHigh) : stream.integer(modulusLow, modulusHigh);
  return { low, high, modulus, remainder: stream.integer(low, high) ** 2 % modulus };
}

function matches({ low, high, modulus, remainder }: Operands): number[] {
  return select(low, high, (x) => (x * x) % modulus === remainder);
}

function filtered({ low, high, modulus, remainder }: Operands): string {
  return `range(${low},${high}).filter(x=>x*x%${modulus}==${remainder}).length`;
}

/** Number of x in a range that have a square with a given remainder. */
export const squareResidues: TaskFamily = {
  name: "square-residues",
  description: "count of x in a range with x squared modulo m equal to r",
  generate(stream, level) {
    const operands = drawOperands(stream, level);
    const { low, high, modulus: m, remainder: r } = operands;
    const found = matches(operands);
    return taskInstance({
      key: `${low}..${high};${m};${r}`,
      question: stream.pick([
        `how many x from ${low} to ${high} have x times x modulo ${m} equal to ${r}`,
        `count the numbers from ${low} to ${high} that have square modulo ${m} equal to ${r}`,
      ]),
      unseen: {
        reordered: `count the x from ${low} to ${high} that have x times x modulo ${m} equal to ${r}`,
        newWords: `tell me how many integers between ${low} and ${high} have a residue under modulus ${m} of ${r} once squared`,
      },
      answer: found.length,
      code: [filtered(operands), `c=0;for(x of range(${low},${high}))if(x*x%${m}==${r})c++;c`],
      plainCode: `c=0;for(x=${low};x<=${high};x++)if(x*x%${m}==${r})c++;c`,
      steps: joinSteps(countSteps(found)),
      mistakes(random) {
        const variants: readonly Operands[] = [
          { ...operands, high: slip(random, high, low) },
          { ...operands, modulus: slip(random, m, 2) },
          { ...operands, remainder: slip(random, r, 0) },
        ];
        return [
          { code: filtered(operands).replace("x*x", "x"), value: select(low, high, (x) => x % m === r).length },
          ...variants.map((variant) => ({ code: filtered(variant), value: matches(variant).length })),
        ];
      },
    });
  },
};

import type { RandomStream } from "@retool-ts/core";
import { lcmOf, select, total } from "../number-theory.js";
import { joinSteps, runningSums } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** a < b, where b is no multiple of a (both conditions matter). */
function drawOperands(stream: RandomStream, level: TaskLevel): { n: number; a: number; b: number } {
  const [nLow, nHigh, aHigh, bHigh] = (
    [
      [10, 36, 7, 9],
      [40, 200, 9, 15],
      [300, 3000, 49, 99],
    ] as const
  )[level - 1]!;
  const n = drawByLength(stream, nLow, nHigh);
  const a = stream.integer(level === 1 ? 3 : 2, aHigh);
  const b = stream.integer(a + 1, bHigh);
  return { n, a, b: b % a === 0 ? b - 1 : b };
}

function multiples(n: number, a: number, b: number): number[] {
  return select(1, n, (x) => x % a === 0 || x % b === 0);
}

function filtered(n: number, a: number, b: number): string {
  return `sum(range(1,${n}).filter(x=>x%${a}==0||x%${b}==0))`;
}

/** Running sums, or where they are too long: multiples of a, of b, and of both (counted twice), as a · (1 + 2 + … + n/a). */
function workedSteps(n: number, a: number, b: number, found: readonly number[]): string | undefined {
  if (found.length === 1) return String(found[0]);
  const sumOf = (step: number) => (Math.floor(n / step) * (Math.floor(n / step) + 1)) / 2;
  const common = lcmOf(a, b);
  const both = a * sumOf(a) + b * sumOf(b);
  const line = (step: number) => `${step}*${sumOf(step)}=${step * sumOf(step)}`;
  const closed = [line(a), line(b), `${a * sumOf(a)}+${b * sumOf(b)}=${both}`];
  if (common <= n) closed.push(line(common), `${both}-${common * sumOf(common)}=${total(found)}`);
  return joinSteps(runningSums(found)) ?? joinSteps(closed);
}

/** Sum of the numbers up to n that are multiples of a or of b. */
export const multiplesSum: TaskFamily = {
  name: "multiples-sum",
  description: "sum of the multiples of a or b up to n",
  generate(stream, level) {
    const { n, a, b } = drawOperands(stream, level);
    const found = multiples(n, a, b);
    return taskInstance({
      key: `${n};${a};${b}`,
      question: stream.pick([
        `find the sum of numbers from 1 to ${n} that are multiples of ${a} or ${b}`,
        `add the numbers up to ${n} that are multiples of ${a} or ${b}`,
        `what is the sum of numbers up to ${n} that ${a} or ${b} divides`,
      ]),
      unseen: {
        reordered: `what is the sum of the numbers up to ${n} that are multiples of ${a} or ${b}`,
        newWords: `total every integer not above ${n} into which ${a} or ${b} goes`,
      },
      answer: total(found),
      code: [filtered(n, a, b), `s=0;for(x of range(1,${n}))if(x%${a}==0||x%${b}==0)s+=x;s`],
      plainCode: `s=0;for(x=1;x<=${n};x++)if(x%${a}==0||x%${b}==0)s+=x;s`,
      steps: workedSteps(n, a, b, found),
      mistakes(random) {
        const [otherN, otherA, otherB] = [slip(random, n, 2), slip(random, a, 2), slip(random, b, 2)];
        return [
          { code: `${filtered(n, a, b).slice(4, -1)}.length`, value: found.length },
          { code: filtered(n, a, b).replace("||", "&&"), value: total(select(1, n, (x) => x % a === 0 && x % b === 0)) },
          { code: filtered(otherN, a, b), value: total(multiples(otherN, a, b)) },
          { code: filtered(n, otherA, b), value: total(multiples(n, otherA, b)) },
          { code: filtered(n, a, otherB), value: total(multiples(n, a, otherB)) },
        ];
      },
    });
  },
};

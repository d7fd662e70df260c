import type { RandomStream } from "@retool-ts/core";
import { gcdOf, lcmOf } from "../number-theory.js";
import { euclidSteps, joinSteps } from "../steps.js";
import { slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** Two different numbers: any small ones at level 1, above it multiples of one factor. */
function drawOperands(stream: RandomStream, level: TaskLevel): readonly [a: number, b: number] {
  const [factorHigh, low, high] = (
    [
      [1, 2, 32],
      [12, 3, 25],
      [50, 10, 199],
    ] as const
  )[level - 1]!;
  const factor = stream.integer(Math.min(2, factorHigh), factorHigh);
  const x = stream.integer(low, high);
  const y = stream.integer(low, high - 1);
  return [factor * x, factor * (y < x ? y : y + 1)];
}

function* workedSteps(a: number, b: number): Generator<string, void> {
  const divisor = gcdOf(a, b);
  yield* euclidSteps(a, b);
  yield `${a}*${b}=${a * b}`;
  yield `${a * b}/${divisor}=${(a * b) / divisor}`;
}

/** Least common multiple of two numbers. */
export const leastCommonMultiple: TaskFamily = {
  name: "lcm",
  description: "least common multiple of two numbers",
  generate(stream, level) {
    const [a, b] = drawOperands(stream, level);
    return taskInstance({
      key: `${Math.min(a, b)},${Math.max(a, b)}`,
      question: stream.pick([
        `find the least common multiple of ${a} and ${b}`,
        `what is the lcm of ${a} and ${b}`,
        `which least number is a multiple of ${a} and ${b}`,
      ]),
      unseen: {
        reordered: `find the lcm of ${a} and ${b}`,
        newWords: `compute the smallest positive integer into which both ${a} and ${b} go`,
      },
      answer: lcmOf(a, b),
      code: [`lcm(${a},${b})`, `${a}*${b}/gcd(${a},${b})`, `x=${a};while(x%${b}>0)x+=${a};x`],
      plainCode: `x=${a};while(x%${b}>0)x+=${a};x`,
      steps: joinSteps(workedSteps(a, b)),
      mistakes(random) {
        const [otherA, otherB] = [slip(random, a), slip(random, b)];
        return [
          { code: `gcd(${a},${b})`, value: gcdOf(a, b) },
          { code: `${a}*${b}`, value: a * b },
          { code: `lcm(${otherA},${b})`, value: lcmOf(otherA, b) },
          { code: `lcm(${a},${otherB})`, value: lcmOf(a, otherB) },
        ];
      },
    });
  },
};

import type { RandomStream } from "@retool-ts/core";
import { gcdOf, lcmOf } from "../number-theory.js";
import { euclidSteps, joinSteps } from "../steps.js";
import { slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** Two different multiples of one factor, so that the answer is seldom 1. */
function drawOperands(stream: RandomStream, level: TaskLevel): readonly [a: number, b: number] {
  const [factorLow, factorHigh, low, high] = (
    [
      [2, 16, 1, 10],
      [2, 40, 3, 40],
      [2, 200, 20, 499],
    ] as const
  )[level - 1]!;
  const factor = stream.integer(factorLow, factorHigh);
  const x = stream.integer(low, high);
  const y = stream.integer(low, high - 1);
  return [factor * x, factor * (y < x ? y : y + 1)];
}

function* workedSteps(a: number, b: number): Generator<string, void> {
  yield* euclidSteps(a, b);
  yield String(gcdOf(a, b));
}

/** Greatest common divisor of two numbers. */
export const greatestCommonDivisor: TaskFamily = {
  name: "gcd",
  description: "greatest common divisor of two numbers",
  generate(stream, level) {
    const [a, b] = drawOperands(stream, level);
    return taskInstance({
      key: `${Math.min(a, b)},${Math.max(a, b)}`,
      question: stream.pick([
        `find the greatest common divisor of ${a} and ${b}`,
        `what is the gcd of ${a} and ${b}`,
        `which greatest number divides ${a} and ${b}`,
      ]),
      unseen: {
        reordered: `find the gcd of ${a} and ${b}`,
        newWords: `compute the largest integer that goes into both ${a} and ${b}`,
      },
      answer: gcdOf(a, b),
      code: [`gcd(${a},${b})`, `x=${a};y=${b};while(y)[x,y]=[y,x%y];x`, `divisors(${a}).filter(x=>${b}%x==0).pop()`],
      plainCode: `x=${a};y=${b};while(y)[x,y]=[y,x%y];x`,
      steps: joinSteps(workedSteps(a, b)),
      mistakes(random) {
        const [otherA, otherB] = [slip(random, a), slip(random, b)];
        return [
          { code: `lcm(${a},${b})`, value: lcmOf(a, b) },
          { code: `gcd(${otherA},${b})`, value: gcdOf(otherA, b) },
          { code: `gcd(${a},${otherB})`, value: gcdOf(a, otherB) },
        ];
      },
    });
  },
};

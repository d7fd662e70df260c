import type { RandomStream } from "@retool-ts/core";
import { isPrimeNumber, select } from "../number-theory.js";
import { countSteps, joinSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

function drawRange(stream: RandomStream, level: TaskLevel): readonly [low: number, high: number] {
  const [first, last, narrow, wide] = (
    [
      [2, 50, 5, 25],
      [20, 500, 20, 100],
      [1000, 20_000, 200, 3000],
    ] as const
  )[level - 1]!;
  const low = level === 1 ? stream.integer(first, last) : drawByLength(stream, first, last);
  return [low, low + stream.integer(narrow, wide)];
}

/** Number of primes in a range, both ends included. */
export const primeCount: TaskFamily = {
  name: "prime-count",
  description: "number of primes in a range",
  generate(stream, level) {
    const [low, high] = drawRange(stream, level);
    const found = select(low, high, isPrimeNumber);
    return taskInstance({
      key: `${low}..${high}`,
      question: stream.pick([
        `how many primes are from ${low} to ${high}`,
        `count the primes from ${low} to ${high}`,
        `find the number of primes from ${low} to ${high}`,
      ]),
      unseen: {
        reordered: `what is the number of primes from ${low} to ${high}`,
        newWords: `tell me how many prime integers lie between ${low} and ${high} inclusive`,
      },
      answer: found.length,
      code: [
        `primes(${low},${high}).length`,
        `range(${low},${high}).filter(x=>isPrime(x)).length`,
        `c=0;for(x of range(${low},${high}))if(isPrime(x))c++;c`,
      ],
      plainCode: `c=0;for(n=${low};n<=${high};n++){d=2;while(n%d&&d*d<=n)d++;if(n%d||d==n)c++}c`,
      steps: joinSteps(countSteps(found)),
      mistakes(random) {
        const next = found[0] === undefined ? low : found[0] + 1; // leaves out the first prime
        const otherHigh = slip(random, high, low);
        return [
          { code: `range(${low},${high}).length`, value: high - low + 1 },
          { code: `primes(1,${high}).length`, value: select(1, high, isPrimeNumber).length },
          { code: `primes(${next},${high}).length`, value: select(next, high, isPrimeNumber).length },
          { code: `primes(${low},${otherHigh}).length`, value: select(low, otherHigh, isPrimeNumber).length },
        ];
      },
    });
  },
};

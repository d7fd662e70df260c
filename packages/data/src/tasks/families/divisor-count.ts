import type { RandomStream } from "@retool-ts/core";
import { select, total } from "../number-theory.js";
import { countSteps, joinSteps } from "../steps.js";
import { slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** A small number with a second draw where it has few divisors; above level 1 products, which have many. */
function drawNumber(stream: RandomStream, level: TaskLevel): number {
  switch (level) {
    case 1: {
      const n = stream.integer(4, 420);
      return divisorsOf(n).length <= 4 ? stream.integer(4, 420) : n;
    }
    case 2:
      return stream.integer(12, 60) * stream.integer(12, 60);
    case 3:
      return stream.integer(32, 140) * stream.integer(32, 140);
  }
}

function divisorsOf(n: number): number[] {
  return select(1, n, (d) => n % d === 0);
}

/** Number of positive divisors. */
export const divisorCount: TaskFamily = {
  name: "divisor-count",
  description: "number of divisors of a number",
  generate(stream, level) {
    const n = drawNumber(stream, level);
    const divisors = divisorsOf(n);
    return taskInstance({
      key: String(n),
      question: stream.pick([`how many divisors does ${n} have`, `count the divisors of ${n}`, `find the number of divisors of ${n}`]),
      unseen: {
        reordered: `what is the number of divisors of ${n}`,
        newWords: `tell me how many positive integers go into ${n} evenly`,
      },
      answer: divisors.length,
      code: [`divisors(${n}).length`, `range(1,${n}).filter(x=>${n}%x==0).length`, `c=0;for(x of range(1,${n}))if(${n}%x==0)c++;c`],
      plainCode: `c=0;for(d=1;d<=${n};d++)if(${n}%d==0)c++;c`,
      steps: joinSteps(countSteps(divisors)),
      mistakes(random) {
        const other = slip(random, n);
        return [
          { code: `sum(divisors(${n}))`, value: total(divisors) },
          { code: `range(2,${n}).filter(x=>${n}%x==0).length`, value: divisors.length - 1 },
          { code: `divisors(${other}).length`, value: divisorsOf(other).length },
        ];
      },
    });
  },
};

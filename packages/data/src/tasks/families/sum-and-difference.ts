import { joinSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** Two numbers by their sum and difference, then their product: a plan before anything is computed. */
export const sumAndDifference: TaskFamily = {
  name: "sum-and-difference",
  description: "the product of two numbers that are told by their sum and their difference",
  generate(stream, level) {
    const highest = { 1: 30, 2: 99, 3: 9999 } as const satisfies Record<TaskLevel, number>;
    const [x, y] = [drawByLength(stream, 2, highest[level]), drawByLength(stream, 2, highest[level])];
    const [high, low] = [Math.max(x, y), Math.min(x, y)];
    const [sum, difference, answer] = [high + low, high - low, high * low];
    const pair = (s: number, d: number) => ((s + d) / 2) * ((s - d) / 2);
    return taskInstance({
      key: `${sum};${difference}`,
      question: stream.pick([
        `two numbers have the sum ${sum} and the difference ${difference} what is their product`,
        `find the product of two numbers with sum ${sum} and difference ${difference}`,
      ]),
      unseen: {
        reordered: `what is the product of two numbers that have sum ${sum} and difference ${difference}`,
        newWords: `two values total ${sum} and lie ${difference} apart multiply them`,
      },
      answer,
      code: [`(${sum}+${difference})/2*(${sum}-${difference})/2`, `x=(${sum}+${difference})/2;x*(${sum}-x)`],
      plainCode: `x=(${sum}+${difference})/2;x*(${sum}-x)`,
      steps: joinSteps([
        `${sum}+${difference}=${sum + difference}`,
        `${sum + difference}/2=${high}`,
        `${sum}-${high}=${low}`,
        `${high}*${low}=${answer}`,
      ]),
      mistakes(random) {
        const otherSum = slip(random, sum, difference + 1);
        return [
          { code: `${sum}*${difference}`, value: sum * difference },
          { code: `x=(${sum}+${difference})/2;x`, value: high },
          { code: `(${otherSum}+${difference})/2*(${otherSum}-${difference})/2`, value: pair(otherSum, difference) },
        ];
      },
    });
  },
};

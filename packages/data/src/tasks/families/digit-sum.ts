import type { RandomStream } from "@retool-ts/core";
import { digitsOf, total } from "../number-theory.js";
import { joinSteps, productSteps, shortProductSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** One factor: the number itself. Two factors: their product. */
function drawFactors(stream: RandomStream, level: TaskLevel): readonly number[] {
  const alone = stream.integer(0, 1) === 0;
  switch (level) {
    case 1:
      return alone ? [drawByLength(stream, 100, 9999)] : [stream.integer(3, 30), stream.integer(3, 30)];
    case 2:
      return alone ? [drawByLength(stream, 10_000, 999_999)] : [stream.integer(20, 99), drawByLength(stream, 20, 999)];
    case 3:
      return alone ? [drawByLength(stream, 1_000_000, 999_999_999)] : [drawByLength(stream, 1000, 99_999), drawByLength(stream, 100, 9999)];
  }
}

/** The product by partial products, in one sum where that would be too long; then the digits. */
function workedSteps([a, b]: readonly number[], product: number): string | undefined {
  const digits = digitsOf(product);
  const last = `${digits.join("+")}=${total(digits)}`;
  if (a === undefined || b === undefined) return last;
  return joinSteps([...productSteps(a, b), last]) ?? joinSteps([...shortProductSteps(a, b), last]);
}

/** Digit sum of a number, or of the product of two numbers. */
export const digitSum: TaskFamily = {
  name: "digit-sum",
  description: "sum of the digits of a number or of a product",
  generate(stream, level) {
    const factors = drawFactors(stream, level);
    const value = factors.reduce((product, factor) => product * factor, 1);
    const text = factors.join(" times ");
    const expression = factors.join("*");
    return taskInstance({
      key: factors.toSorted((a, b) => a - b).join("*"),
      question: stream.pick([`find the sum of the digits of ${text}`, `add the digits of ${text}`, `what is the digit sum of ${text}`]),
      unseen: {
        reordered: `what is the sum of the digits of ${text}`,
        newWords: `compute the total of every digit in ${text}`,
      },
      answer: total(digitsOf(value)),
      code: [`sum(digits(${expression}))`, `s=0;for(x of digits(${expression}))s+=x;s`, `digits(${expression}).reduce((s,x)=>s+x)`],
      plainCode: `n=${expression};s=0;while(n>0){s+=n%10;n=(n-n%10)/10}s`,
      steps: workedSteps(factors, value),
      mistakes(random) {
        const [first, ...rest] = factors;
        const slipped = [slip(random, first!), ...rest];
        const slippedValue = slipped.reduce((product, factor) => product * factor, 1);
        return [
          { code: `digits(${expression}).length`, value: digitsOf(value).length },
          { code: `sum(digits(${slipped.join("*")}))`, value: total(digitsOf(slippedValue)) },
          { code: `product(digits(${expression}))`, value: digitsOf(value).reduce((product, digit) => product * digit, 1) },
          { code: `sum(digits(${factors.join("+")}))`, value: total(digitsOf(total(factors))) },
        ];
      },
    });
  },
};

import type { RandomStream } from "@retool-ts/core";
import { differenceColumns, placeSteps, productColumns, sumColumns, withCheck } from "../column-steps.js";
import { joinSteps, shortProductSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

/** Operands of one, two or more digits, every length equally often. Level 3 is longer than all of levels 1 and 2. */
const OPERANDS: Readonly<Record<TaskLevel, readonly [low: number, high: number]>> = { 1: [1, 99], 2: [1, 9999], 3: [10_000, 999_999] };

function operand(stream: RandomStream, level: TaskLevel): number {
  return drawByLength(stream, ...OPERANDS[level]);
}

/** a + b. */
export const sum: TaskFamily = {
  name: "sum",
  description: "a plus b, which a column at a time solves",
  generate(stream, level) {
    const [a, b] = [operand(stream, level), operand(stream, level)];
    const answer = a + b;
    return taskInstance({
      key: `${Math.min(a, b)}+${Math.max(a, b)}`,
      question: stream.pick([`what is ${a} plus ${b}`, `find ${a} plus ${b}`, `find ${a} then add ${b}`]),
      unseen: { reordered: `what is the sum of ${a} and ${b}`, newWords: `compute ${a} increased by ${b}` },
      answer,
      code: [`${a}+${b}`, `x=${a};x+${b}`],
      plainCode: `${a}+${b}`,
      steps: joinSteps(sumColumns(a, b)),
      ways: { places: joinSteps(placeSteps(a, "+", b)), checked: withCheck(sumColumns(a, b), `${answer}-${b}=${a}`) },
      mistakes(random) {
        const [otherA, otherB] = [slip(random, a), slip(random, b)];
        return [
          { code: `${a}-${b}`, value: a - b },
          { code: `${otherA}+${b}`, value: otherA + b },
          { code: `${a}+${otherB}`, value: a + otherB },
        ];
      },
    });
  },
};

/** a − b, never negative. */
export const difference: TaskFamily = {
  name: "difference",
  description: "a minus b, which a column at a time solves",
  generate(stream, level) {
    const [one, other] = [operand(stream, level), operand(stream, level)];
    const [a, b] = [Math.max(one, other), Math.min(one, other)];
    const answer = a - b;
    return taskInstance({
      key: `${a}-${b}`,
      question: stream.pick([`what is ${a} minus ${b}`, `find ${a} minus ${b}`, `find ${a} then subtract ${b}`]),
      unseen: { reordered: `what is the digit ${a} then subtract ${b}`, newWords: `compute ${a} decreased by ${b}` },
      answer,
      code: [`${a}-${b}`, `x=${a};x-${b}`],
      plainCode: `${a}-${b}`,
      steps: joinSteps(differenceColumns(a, b)),
      ways: { places: joinSteps(placeSteps(a, "-", b)), checked: withCheck(differenceColumns(a, b), `${answer}+${b}=${a}`) },
      mistakes(random) {
        const [otherA, otherB] = [slip(random, a), slip(random, b)];
        return [
          { code: `${a}+${b}`, value: a + b },
          { code: `${otherA}-${b}`, value: otherA - b },
          { code: `${a}-${otherB}`, value: a - otherB },
        ];
      },
    });
  },
};

/** a·d with a single digit d. */
export const digitProduct: TaskFamily = {
  name: "digit-product",
  description: "a times a digit, which a column at a time solves",
  generate(stream, level) {
    const [a, digit] = [operand(stream, level), stream.integer(2, 9)];
    const answer = a * digit;
    return taskInstance({
      key: `${a}*${digit}`,
      question: stream.pick([`what is ${a} times ${digit}`, `find ${a} times ${digit}`, `multiply ${a} by ${digit}`]),
      unseen: { reordered: `multiply ${a} and ${digit}`, newWords: `compute the product of ${a} and ${digit}` },
      answer,
      code: [`${a}*${digit}`, `x=${a};x*${digit}`],
      plainCode: `${a}*${digit}`,
      steps: joinSteps(productColumns(a, digit)),
      ways: {
        places: joinSteps(shortProductSteps(digit, a)),
        checked: withCheck(productColumns(a, digit), `${a}*${digit}=${answer}`),
      },
      mistakes(random) {
        const [otherA, otherDigit] = [slip(random, a), slip(random, digit)];
        return [
          { code: `${a}+${digit}`, value: a + digit },
          { code: `${otherA}*${digit}`, value: otherA * digit },
          { code: `${a}*${otherDigit}`, value: a * otherDigit },
        ];
      },
    });
  },
};

/** a·d + b in two steps; a and b are shorter than in {@link digitProduct}, so that both fit the limit of worked steps. */
export const productSum: TaskFamily = {
  name: "product-sum",
  description: "a times a digit plus b, two sums of columns in a row",
  generate(stream, level) {
    const highest = { 1: [9, 99], 2: [999, 99], 3: [9999, 9999] } as const satisfies Record<TaskLevel, readonly number[]>;
    const [a, b] = highest[level].map((high) => drawByLength(stream, level === 3 ? 1000 : 1, high)) as [number, number];
    const digit = stream.integer(2, 9);
    const [product, answer] = [a * digit, a * digit + b];
    // Where both together are too long, by a few tokens, the product is not written out between its columns and those of the sum.
    const both = [...productColumns(a, digit), ...sumColumns(product, b)];
    const columns = joinSteps(both) === undefined ? [...[...productColumns(a, digit)].slice(0, -1), ...sumColumns(product, b)] : both;
    return taskInstance({
      key: `${a}*${digit}+${b}`,
      question: stream.pick([
        `what is ${a} times ${digit} plus ${b}`,
        `find ${a} times ${digit} plus ${b}`,
        `multiply ${a} by ${digit} then add ${b}`,
      ]),
      unseen: { reordered: `multiply ${a} and ${digit} then add ${b}`, newWords: `compute ${a} times ${digit} increased by ${b}` },
      answer,
      code: [`${a}*${digit}+${b}`, `x=${a}*${digit};x+${b}`],
      plainCode: `${a}*${digit}+${b}`,
      steps: joinSteps(columns),
      ways: {
        places: joinSteps([...shortProductSteps(digit, a), `${product}+${b}=${answer}`]),
        checked: withCheck(columns, `${answer}-${b}=${product}`),
      },
      mistakes(random) {
        const [otherA, otherB] = [slip(random, a), slip(random, b)];
        return [
          { code: `${a}+${digit}+${b}`, value: a + digit + b },
          { code: `${otherA}*${digit}+${b}`, value: otherA * digit + b },
          { code: `${a}*${digit}+${otherB}`, value: product + otherB },
        ];
      },
    });
  },
};

/** a + b − c in two steps; never negative. No recipe trains on it: it is for tests of what carries over. */
export const sumDifference: TaskFamily = {
  name: "sum-difference",
  description: "a plus b minus c, for tests of what carries over from sums and differences",
  generate(stream, level) {
    const highest = { 1: 99, 2: 999, 3: 99_999 } as const satisfies Record<TaskLevel, number>;
    const draw = () => drawByLength(stream, level === 3 ? 1000 : 1, highest[level]);
    const [first, second, third] = [draw(), draw(), draw()].toSorted((x, y) => y - x) as [number, number, number];
    const [a, b, c] = stream.integer(0, 1) === 0 ? [first, third, second] : [second, first, third];
    const answer = a + b - c;
    return taskInstance({
      key: `${a}+${b}-${c}`,
      question: stream.pick([
        `what is ${a} plus ${b} minus ${c}`,
        `find ${a} plus ${b} minus ${c}`,
        `find ${a} plus ${b} then subtract ${c}`,
      ]),
      unseen: {
        reordered: `what is the sum of ${a} and ${b} minus ${c}`,
        newWords: `compute ${a} increased by ${b} then decreased by ${c}`,
      },
      answer,
      code: [`${a}+${b}-${c}`, `x=${a}+${b};x-${c}`],
      plainCode: `${a}+${b}-${c}`,
      steps: joinSteps([...sumColumns(a, b), ...differenceColumns(a + b, c)]),
      mistakes(random) {
        const [otherA, otherC] = [slip(random, a), slip(random, c)];
        return [
          { code: `${a}+${b}+${c}`, value: a + b + c },
          { code: `${otherA}+${b}-${c}`, value: otherA + b - c },
          { code: `${a}+${b}-${otherC}`, value: a + b - otherC },
        ];
      },
    });
  },
};

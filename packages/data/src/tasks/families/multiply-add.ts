import type { RandomStream } from "@retool-ts/core";
import { joinSteps, productSteps, shortProductSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

function drawOperands(stream: RandomStream, level: TaskLevel): { a: number; b: number; c: number } {
  switch (level) {
    case 1:
      return { a: stream.integer(2, 12), b: stream.integer(2, 12), c: stream.integer(1, 20) };
    case 2:
      return { a: stream.integer(11, 99), b: stream.integer(11, 99), c: drawByLength(stream, 10, 999) };
    case 3:
      return { a: drawByLength(stream, 100, 9999), b: stream.integer(100, 999), c: drawByLength(stream, 100, 99_999) };
  }
}

/** Partial products one by one, or in one sum where that would be too long. */
function workedSteps(a: number, b: number, c: number, sign: string, answer: number): string | undefined {
  const last = `${a * b}${sign}${c}=${answer}`;
  if (a < 13 && b < 13) return joinSteps([`${a}*${b}=${a * b}`, last]);
  return joinSteps([...productSteps(a, b), last]) ?? joinSteps([...shortProductSteps(a, b), last]);
}

/** a·b + c and a·b − c; a difference is never negative. */
export const multiplyAdd: TaskFamily = {
  name: "multiply-add",
  description: "a times b plus or minus c",
  generate(stream, level) {
    const { a, b, c } = drawOperands(stream, level);
    const plus = stream.integer(0, 1) === 0 || a * b < c;
    const sign = plus ? "+" : "-";
    const value = (x: number, y: number, z: number) => (plus ? x * y + z : x * y - z);
    const answer = value(a, b, c);
    return taskInstance({
      key: `${Math.min(a, b)}*${Math.max(a, b)}${sign}${c}`,
      question: stream.pick([
        `what is ${a} times ${b} ${plus ? "plus" : "minus"} ${c}`,
        `find ${a} times ${b} ${plus ? "plus" : "minus"} ${c}`,
        `multiply ${a} by ${b} then ${plus ? "add" : "subtract"} ${c}`,
      ]),
      unseen: {
        reordered: `multiply ${a} and ${b} then ${plus ? "add" : "subtract"} ${c}`,
        newWords: `compute the product of ${a} and ${b} ${plus ? "increased" : "decreased"} by ${c}`,
      },
      answer,
      code: [`${a}*${b}${sign}${c}`, `x=${a}*${b};x${sign}${c}`],
      plainCode: `${a}*${b}${sign}${c}`,
      steps: workedSteps(a, b, c, sign, answer),
      mistakes(random) {
        const [otherA, otherB, otherC] = [slip(random, a), slip(random, b), slip(random, c)];
        return [
          { code: `${a}*${b}${plus ? "-" : "+"}${c}`, value: plus ? a * b - c : a * b + c },
          { code: `${a}+${b}${sign}${c}`, value: plus ? a + b + c : a + b - c },
          { code: `${otherA}*${b}${sign}${c}`, value: value(otherA, b, c) },
          { code: `${a}*${otherB}${sign}${c}`, value: value(a, otherB, c) },
          { code: `${a}*${b}${sign}${otherC}`, value: value(a, b, otherC) },
        ];
      },
    });
  },
};

import type { RandomStream } from "@retool-ts/core";
import { joinSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

interface Operands {
  readonly start: number;
  readonly times: number;
  readonly factor: number;
  readonly offset: number;
  readonly modulus: number;
}

function drawOperands(stream: RandomStream, level: TaskLevel): Operands {
  const between = (low: number, high: number) => stream.integer(low, high);
  switch (level) {
    case 1:
      return { start: between(1, 5), times: between(2, 3), factor: between(2, 5), offset: between(1, 6), modulus: between(7, 20) };
    case 2:
      return { start: between(2, 30), times: between(4, 15), factor: between(2, 15), offset: between(1, 30), modulus: between(20, 99) };
    case 3:
      return {
        start: drawByLength(stream, 10, 999),
        times: between(20, 99),
        factor: between(11, 99),
        offset: between(10, 99),
        modulus: between(100, 999),
      };
  }
}

/** Applies x → (factor·x + offset) mod modulus; every intermediate value is small. */
function iterate({ start, times, factor, offset, modulus }: Operands): number {
  let x = start;
  for (let i = 0; i < times; i++) x = (factor * x + offset) % modulus;
  return x;
}

function loop({ start, times, factor, offset, modulus }: Operands): string {
  return `x=${start};for(i of range(1,${times}))x=(x*${factor}+${offset})%${modulus};x`;
}

function* workedSteps({ start, times, factor, offset, modulus }: Operands): Generator<string, void> {
  let x = start;
  for (let i = 0; i < times; i++) {
    const next = (factor * x + offset) % modulus;
    yield `(${x}*${factor}+${offset})%${modulus}=${next}`;
    x = next;
  }
}

/** The values of x alone: shorter than {@link workedSteps}. */
function* values(operands: Operands): Generator<string, void> {
  for (let times = 1; times <= operands.times; times++) yield String(iterate({ ...operands, times }));
}

/** A linear recurrence modulo m, iterated a given number of times. */
export const linearRecurrence: TaskFamily = {
  name: "linear-recurrence",
  description: "multiply, add and reduce modulo m, several times",
  generate(stream, level) {
    const operands = drawOperands(stream, level);
    const { start: x, times: n, factor: a, offset: c, modulus: m } = operands;
    return taskInstance({
      key: `${x};${n};${a};${c};${m}`,
      question: stream.pick([
        `start with ${x} then ${n} times multiply by ${a} add ${c} modulo ${m}`,
        `x is ${x} and ${n} times x becomes x times ${a} plus ${c} modulo ${m} find x`,
      ]),
      unseen: {
        reordered: `x is ${x} then ${n} times multiply x by ${a} and add ${c} modulo ${m}`,
        newWords: `beginning at ${x} repeat ${n} rounds of scaling by ${a} and increasing by ${c} under modulus ${m}`,
      },
      answer: iterate(operands),
      code: [loop(operands), `range(1,${n}).reduce(x=>(x*${a}+${c})%${m},${x})`],
      plainCode: `x=${x};for(i=0;i<${n};i++)x=(x*${a}+${c})%${m};x`,
      steps: joinSteps(workedSteps(operands)) ?? joinSteps(values(operands)),
      mistakes(random) {
        const variants: readonly Operands[] = [
          { ...operands, times: slip(random, n) },
          { ...operands, start: slip(random, x) },
          { ...operands, factor: c, offset: a },
          { ...operands, offset: slip(random, c) },
          { ...operands, modulus: slip(random, m, 2) },
        ];
        return variants.map((variant) => ({ code: loop(variant), value: iterate(variant) }));
      },
    });
  },
};

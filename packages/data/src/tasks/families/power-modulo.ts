import type { RandomStream } from "@retool-ts/core";
import { powerModulo as power } from "../number-theory.js";
import { joinSteps } from "../steps.js";
import { slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";

interface Operands {
  readonly base: number;
  readonly exponent: number;
  readonly modulus: number;
}

function drawOperands(stream: RandomStream, level: TaskLevel): Operands {
  switch (level) {
    case 1:
      return { base: stream.integer(2, 9), exponent: stream.integer(2, 6), modulus: stream.integer(5, 20) };
    case 2:
      return { base: stream.integer(3, 50), exponent: stream.integer(5, 20), modulus: stream.integer(10, 99) };
    case 3:
      return { base: stream.integer(100, 999), exponent: stream.integer(100, 999), modulus: stream.integer(100, 999) };
  }
}

/** Multiplies by the base again and again, reducing each time. */
function* workedSteps({ base, exponent, modulus }: Operands): Generator<string, void> {
  let value = base;
  for (let i = 2; i <= exponent; i++) {
    const next = (value * base) % modulus;
    yield `${value}*${base}%${modulus}=${next}`;
    value = next;
  }
}

/** The remainders of the first, second, … power alone: shorter than {@link workedSteps}. */
function* powers({ base, exponent, modulus }: Operands): Generator<string, void> {
  let value = 1;
  for (let i = 1; i <= exponent; i++) {
    value = (value * base) % modulus;
    yield String(value);
  }
}

/** Remainder of a power. */
export const powerModulo: TaskFamily = {
  name: "power-modulo",
  description: "a to the power b modulo m",
  generate(stream, level) {
    const operands = drawOperands(stream, level);
    const { base: b, exponent: e, modulus: m } = operands;
    return taskInstance({
      key: `${b}^${e}%${m}`,
      question: stream.pick([
        `what is ${b} to the power ${e} modulo ${m}`,
        `find the remainder of ${b} to the power ${e} divided by ${m}`,
        `raise ${b} to the power ${e} modulo ${m}`,
      ]),
      unseen: {
        reordered: `what is the remainder of ${b} to the power ${e} divided by ${m}`,
        newWords: `take ${b} with exponent ${e} and compute its residue under modulus ${m}`,
      },
      answer: power(b, e, m),
      code: [`powmod(${b},${e},${m})`, `x=1;for(i of range(1,${e}))x=x*${b}%${m};x`],
      plainCode: `x=1;for(i=0;i<${e};i++)x=x*${b}%${m};x`,
      steps: joinSteps(workedSteps(operands)) ?? joinSteps(powers(operands)),
      mistakes(random) {
        const [otherB, otherE, otherM] = [slip(random, b), slip(random, e), slip(random, m, 2)];
        return [
          { code: `${b}*${e}%${m}`, value: (b * e) % m },
          { code: `powmod(${e},${b},${m})`, value: power(e, b, m) },
          { code: `powmod(${otherB},${e},${m})`, value: power(otherB, e, m) },
          { code: `powmod(${b},${otherE},${m})`, value: power(b, otherE, m) },
          { code: `powmod(${b},${e},${otherM})`, value: power(b, e, otherM) },
        ];
      },
    });
  },
};

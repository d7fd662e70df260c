import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { generalizedAdvantages, whitenMasked } from "./gae.js";

const token = fc.record({
  reward: fc.double({ min: -1, max: 1, noNaN: true }),
  value: fc.double({ min: -1, max: 1, noNaN: true }),
  mask: fc.constantFrom(0, 1),
});

describe("generalizedAdvantages", () => {
  test("worked by hand: model, tool, model", () => {
    // t = 2: δ = 1 + 0 − 0.4 = 0.6, A = 0.6
    // t = 1: a tool token repeats 0.6 and is stepped over
    // t = 0: δ = 0 + 0.5 · 0.4 − 0.1 = 0.1, A = 0.1 + 0.5 · 0.8 · 0.6 = 0.34
    const { advantages, returns } = generalizedAdvantages([[0, 0, 1]], [[0.1, 7, 0.4]], [[1, 0, 1]], { gamma: 0.5, gaeLambda: 0.8 });
    expectClose(advantages[0]!, [0.34, 0.6, 0.6], 1e-12);
    expectClose([returns[0]![0]!, returns[0]![2]!], [0.44, 1], 1e-12);
  });

  test("a reward on a tool token is lost", () => {
    const { advantages } = generalizedAdvantages([[0, 1]], [[0, 0]], [[1, 0]], { gamma: 1, gaeLambda: 1 });
    expect(advantages).toEqual([[0, 0]]);
  });

  test("tool tokens could as well not be there", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const model = tokens.filter(({ mask }) => mask === 1);
        const run = (part: typeof tokens) =>
          generalizedAdvantages([part.map((t) => t.reward)], [Float32Array.from(part, (t) => t.value)], [part.map((t) => t.mask)], {
            gamma: 0.9,
            gaeLambda: 0.7,
          });
        expect(run(tokens).advantages[0]!.filter((_, t) => tokens[t]!.mask === 1)).toEqual(run(model).advantages[0]);
      }),
    );
  });

  test("γ = λ = 1 gives returns equal to the rewards to come", () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 9 }), (tokens) => {
        const rewards = tokens.map((t) => t.reward);
        const { returns } = generalizedAdvantages([rewards], [tokens.map((t) => t.value)], [tokens.map(() => 1)], {
          gamma: 1,
          gaeLambda: 1,
        });
        expectClose(
          returns[0]!,
          rewards.map((_, t) => rewards.slice(t).reduce((a, b) => a + b, 0)),
          1e-9,
        );
      }),
    );
  });

  test("rows may differ in length, but not within a row", () => {
    expect(generalizedAdvantages([[1], [0, 1]], [[0], [0, 0]], [[1], [1, 1]], { gamma: 1, gaeLambda: 1 }).advantages).toEqual([
      [1],
      [1, 1],
    ]);
    expect(() => generalizedAdvantages([[1, 2]], [[1]], [[1, 1]], { gamma: 1, gaeLambda: 1 })).toThrow("values[0]: expected [2], got [1]");
  });
});

describe("whitenMasked", () => {
  test("worked by hand", () => {
    // counted 1 and 3: mean 2, unbiased variance 2; the masked 9 is shifted and scaled alike
    expectClose(whitenMasked([[1, 9], [3]], [[1, 0], [1]]).flat(), [-1 / Math.SQRT2, 7 / Math.SQRT2, 1 / Math.SQRT2], 1e-8);
  });

  test("the counted tokens get mean 0 and variance 1", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 20 }), (values) => {
        fc.pre(new Set(values).size > 1);
        const white = whitenMasked([[...values, 1e6]], [[...values.map(() => 1), 0]])[0]!.slice(0, -1);
        expect(Math.abs(white.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9);
        expect(white.reduce((a, b) => a + b * b, 0) / (white.length - 1)).toBeCloseTo(1, 6);
      }),
    );
  });

  test("no token or one token has no variance", () => {
    expect(whitenMasked([[5, 6]], [[1, 0]])).toEqual([[0, 1]]);
    expect(whitenMasked([[5, 6]], [[0, 0]])).toEqual([[5, 6]]);
  });
});

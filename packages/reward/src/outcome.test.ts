import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answersMatch, outcomeReward } from "./outcome.js";
import type { RewardSample } from "./reward.js";

/** A sample whose whole response the policy wrote, unless `modelText` says otherwise. */
function sample(response: string, groundTruth: string, modelText = response): RewardSample {
  return { response, modelText, groundTruth, toolCalls: 0, turns: 2, responseTokens: 10 };
}

describe("answersMatch", () => {
  test.each([
    ["42", "42", true],
    [" 42\n", "42", true],
    ["045", "45", true],
    ["45", "045", true],
    ["+7", "7", true],
    ["-7", "7", false],
    ["-0", "0", true],
    ["000", "0", true],
    ["9007199254740993", "9007199254740992", false], // above 2⁵³
    ["340282366920938463463374607431768211456", "0340282366920938463463374607431768211456", true],
    ["42.0", "42", false],
    ["4 2", "42", false],
    ["0x2a", "42", false],
    ["1e3", "1000", false],
    ["٤٢", "42", false], // digits of another script
    ["４２", "42", false], // full-width digits
    ["'42'", "42", false],
    ["1,024", "1024", false],
    ["\\frac{1}{2}", "\\frac{1}{2}", true],
    ["x", "X", false],
    ["", "42", false],
    ["+", "+", true],
    ["--1", "1", false],
  ])("%j against %j: %s", (prediction, groundTruth, expected) => {
    expect(answersMatch(prediction, groundTruth)).toBe(expected);
  });

  test("thousands separators only on request, and only where they belong", () => {
    const options = { allowThousandsSeparators: true };
    expect(answersMatch("1,024", "1024", options)).toBe(true);
    expect(answersMatch("-12{,}345{,}678", "-12345678", options)).toBe(true);
    expect(answersMatch("10,24", "1024", options)).toBe(false);
    expect(answersMatch("1,0244", "10244", options)).toBe(false);
  });

  test("agrees with BigInt on integers", () => {
    const integer = fc.tuple(fc.bigInt(), fc.nat({ max: 3 })).map(([value, zeros]) => {
      const digits = "0".repeat(zeros) + (value < 0n ? -value : value).toString();
      return value < 0n ? `-${digits}` : digits;
    });
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(answersMatch(a, b)).toBe(BigInt(a) === BigInt(b));
      }),
    );
    fc.assert(
      fc.property(integer, (a) => {
        expect(answersMatch(` ${a} `, BigInt(a).toString())).toBe(true);
      }),
    );
  });

  test("is symmetric and, for trimmed text, reflexive", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(answersMatch(a, b)).toBe(answersMatch(b, a));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (a) => {
        expect(answersMatch(a, a)).toBe(true);
      }),
    );
  });

  test("two million digits cost no more than reading them", () => {
    const start = performance.now();
    expect(answersMatch("0".repeat(1_000_000) + "9".repeat(1_000_000), "9".repeat(1_000_000))).toBe(true);
    expect(answersMatch("1" + ",000".repeat(500_000), "2", { allowThousandsSeparators: true })).toBe(false);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("outcomeReward: boxed-exact", () => {
  const reward = outcomeReward({ rule: "boxed-exact" });

  test.each([
    ["right", "So \\boxed{42}.", "42", 1, "42"],
    ["right with blanks and zeros", "\\boxed{ 042 }", "42", 1, " 042 "],
    ["wrong", "\\boxed{41}", "42", -1, "41"],
    ["the last box counts", "\\boxed{42} no, \\boxed{41}", "42", -1, "41"],
    ["all answers at once", "\\boxed{40, 41, 42}", "42", -1, "40, 41, 42"],
    ["no box", "The answer is 42", "42", -1, undefined],
    ["no text", "", "42", -1, undefined],
    ["empty box, empty truth", "\\boxed{}", "", 1, ""],
    ["no box, empty truth", "", "", -1, undefined],
    ["a box far from the end", "\\boxed{42}" + " well".repeat(1_000), "42", 1, "42"],
  ])("%s", (_, text, groundTruth, score, prediction) => {
    expect(reward(sample(text, groundTruth))).toEqual({ score, correct: score === 1, prediction, parts: { outcome: score } });
  });

  test("a box that the interpreter printed does not count", () => {
    const printed = sample("<code>print(guess())</code><interpreter>\\boxed{42}</interpreter>", "42", "<code>print(guess())</code>");
    expect(reward(printed)).toMatchObject({ score: -1, prediction: undefined });
    // verl's rules read the whole response, and do count it.
    expect(outcomeReward({ rule: "math-dapo-strict" })(printed)).toMatchObject({ score: 1, prediction: "42" });
  });

  test("thousands separators are an option", () => {
    expect(reward(sample("\\boxed{1,024}", "1024")).score).toBe(-1);
    expect(outcomeReward({ rule: "boxed-exact", allowThousandsSeparators: true })(sample("\\boxed{1,024}", "1024")).score).toBe(1);
  });

  test("any text gets a score of 1 or −1", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, fc.constantFrom("boxed-exact", "math-dapo-strict", "math-dapo-minerva"), (response, groundTruth, rule) => {
        const { score, correct, parts } = outcomeReward({ rule })(sample(response, groundTruth));
        expect(score).toBe(correct ? 1 : -1);
        expect(parts).toEqual({ outcome: score });
      }),
    );
  });
});

describe("outcomeReward: math-dapo", () => {
  test.each([
    ["math-dapo-strict", "\\boxed{42}", 1, "42"],
    ["math-dapo-strict", "\\boxed{ 42 }", -1, " 42 "],
    ["math-dapo-strict", "42", -1, undefined],
    ["math-dapo-minerva", "Answer: $42$ dollars", 1, "42"],
    ["math-dapo-minerva", "\\boxed{42}", -1, undefined],
  ] as const)("%s: %j", (rule, text, score, prediction) => {
    expect(outcomeReward({ rule })(sample(text, "42"))).toEqual({ score, correct: score === 1, prediction, parts: { outcome: score } });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answersMatch } from "./answers-match.js";

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
    expect(answersMatch("0".repeat(1_000_000) + "9".repeat(1_000_000), "9".repeat(1_000_000))).toBe(true);
    expect(answersMatch("1" + ",000".repeat(500_000), "2", { allowThousandsSeparators: true })).toBe(false);
  });
});

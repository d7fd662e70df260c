import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastBoxed, lastBoxedOnlyString } from "./answer.js";

describe("lastBoxed", () => {
  test.each([
    ["\\boxed{42}", "42"],
    ["\\boxed{1} and \\boxed{2}", "2"],
    ["\\boxed{1} and \\boxed{2", undefined], // the last one never closes
    ["\\boxed{1} and \\boxed{\\frac{1}{2}", undefined],
    ["\\boxed{1} and \\boxed {", undefined],
    ["\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"],
    ["\\boxed{\\boxed{7}}", "7"],
    ["\\boxed{1 + \\boxed{7}", "7"],
    ["\\fbox{5}", "5"],
    ["\\boxed {5}", "5"],
    ["$\\boxed{}$", ""],
    ["\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"],
    ["\\boxed{\\{}", "\\{"], // an escaped brace does not count
    ["\\\\boxed{9}", "9"], // a backslash doubled by a string literal
    ["a } stray \\boxed{3} { open", "3"],
    ["{ open \\boxed{3}", "3"],
    ["\\boxed{٤٢}", "٤٢"],
    ["\\boxed{two\nlines}", "two\nlines"],
    ["", undefined],
    ["no box", undefined],
    ["\\boxed 42", "42"],
    ["\\boxed  -3.5.", "-3.5"],
    ["$\\boxed 2$.", "2"],
    ["$\\boxed x$", "x"],
    ["$\\boxed 2x+1$", "2x+1"],
    ["\\(\\boxed 7\\)", "7"],
    ["\\boxed \\frac{1}{2}", "\\frac{1}{2}"],
    ["\\boxed\\frac12", "\\frac12"],
    ["$\\boxed\\sqrt2$", "\\sqrt2"],
    ["\\boxed\\sqrt{2} is it", "\\sqrt{2}"],
    ["\\boxed -3\\sqrt[3]{2}.", "-3\\sqrt[3]{2}"],
    ["\\boxed 1/2 is it", "1/2"],
    ["\\boxed{1}, that is $\\boxed 2$", "2"],
    ["put it in \\boxed", undefined],
    ["\\boxed{3} is in \\boxed format", "3"],
    ["in \\boxed and then $x$", undefined],
    ["\\boxed{", undefined],
    ["\\boxedness{4}", undefined],
    ["boxed{4}", undefined],
  ])("%j -> %j", (text, expected) => {
    expect(lastBoxed(text)?.text).toBe(expected);
  });

  test("offsets span the command", () => {
    expect(lastBoxed("x \\boxed{a{b}} y")).toEqual({ text: "a{b}", start: 2, end: 14 });
  });

  test("finds a box around any balanced text behind any prefix", () => {
    const balanced = fc.letrec<{ text: string }>((tie) => ({
      text: fc
        .array(
          fc.oneof(
            fc.stringMatching(/^[^{}\\]*$/),
            tie("text").map((inner) => `{${inner}}`),
          ),
          { maxLength: 4 },
        )
        .map((parts) => parts.join("")),
    })).text;
    fc.assert(
      fc.property(fc.stringMatching(/^[^\\]*$/), balanced, fc.stringMatching(/^[^\\]*$/), (prefix, inner, suffix) => {
        const text = `${prefix}\\boxed{${inner}}${suffix}`;
        const box = lastBoxed(text);
        expect(box?.text).toBe(inner);
        expect(text.slice(box!.start, box!.end)).toBe(`\\boxed{${inner}}`);
      }),
    );
  });

  test("never throws, and agrees with verl's rule where that finds a box without escapes", () => {
    const pieces = fc.array(fc.constantFrom("\\boxed{", "\\fbox {", "{", "}", "4", " ", "x"), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join("");
        const box = lastBoxed(text);
        if (box) expect(text.slice(box.start, box.end)).toContain(box.text);
        const reference = lastBoxedOnlyString(text);
        if (reference !== undefined && !text.includes("\\fbox")) expect(`\\boxed{${box?.text}}`).toBe(reference);
      }),
    );
  });

  test.each([
    ["100,000 nested braces", "\\boxed{" + "{".repeat(100_000) + "1" + "}".repeat(100_000) + "}", true],
    ["100,000 nested boxes", "\\boxed{".repeat(100_000) + "1" + "}".repeat(100_000), true],
    ["500,000 boxes that never close", "\\boxed{".repeat(500_000), false],
    ["a million blanks behind a command", "\\boxed" + " ".repeat(1_000_000), false],
    ["a million backslashes", "\\".repeat(1_000_000), false],
    ["a million closing braces", "}".repeat(1_000_000), false],
  ])("%s in linear time: quadratic would take longer than a test may", (_, text, isFound) => {
    expect(lastBoxed(text) !== undefined).toBe(isFound);
    lastBoxedOnlyString(text);
  });
});

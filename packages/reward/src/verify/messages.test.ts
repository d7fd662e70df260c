import fc from "fast-check";
import { expect, test } from "vitest";
import { verifyAnswer } from "./verify-answer.js";

/** What a message says it found, between quotation marks. */
function named(reason: string): string[] {
  const found = reason.replace(/expected “.*?”(?: or “.*?”)*/g, "");
  return [...found.matchAll(/“([^”]*)”/g)].map((match) => match[1]!);
}

test.each([
  ["2**", "the answer breaks off"],
  ["2**)", "unexpected “)”"],
  ["(2×", "the answer breaks off"],
  ["2≤≤3", "“≤” is not read"],
  ["5 ² ²)", "unexpected “)”"],
  ["x²³₂)", "unexpected “₂”"],
  ["≈", "“≈” is not read"],
  ["3 ∪", "the answer breaks off"],
  ["1,024 1,025", "“1,025” follows another number without an operator"],
  ["😀", "unexpected character U+1F600"],
  ["5 # 3", "unexpected “#”"],
  ["\\foo{3}", "the command \\foo is not read"],
  ["\\text{nowhere} + 1", "unexpected word “nowhere”"],
])("%s: %s", (prediction, expected) => {
  expect(verifyAnswer("7", prediction).reason).toBe(`prediction: ${expected}`);
});

test("messages name only what is there", () => {
  const pieces = ["×", "÷", "≤", "≥", "²", "³", "₂", "√", "√5", "½", "π", "°", "′", "≡", "∠", "**", "<=", "!=", ":=", "...", "…", "\\times", "\\le", "\\left(", "\\right|", "{", "}", "(", ")", "[", "1,024", ".5", "3", "x", "ab", "word", "\\text{or}", "\\text{cm}", "\\foo", "\\%", "%", "|", "_", "^", "&", "\\\\", "±", "∞", "∈", "ℝ", "⟨", "−", "=", "and", "🙂", "$", " "]; // prettier-ignore
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 6 }), (parts) => {
      const prediction = parts.join("");
      const { status, reason } = verifyAnswer("x+1", prediction);
      if (status === "unparsablePrediction") for (const name of named(reason)) expect(prediction).toContain(name);
    }),
    { numRuns: 4_000 },
  );
});

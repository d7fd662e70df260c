import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomeReward } from "./outcome.js";
import type { ResponseSample } from "./reward.js";

/** A sample whose whole response the policy wrote, unless `modelText` says otherwise. */
function sample(response: string, groundTruth: string, modelText = response): ResponseSample {
  return { response, modelText, groundTruth, toolCalls: 0, turns: 2, responseTokens: 10 };
}

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

describe("outcomeReward: equivalence", () => {
  const reward = outcomeReward({ rule: "equivalence" });

  test.each([
    ["\\boxed{0.5}", "\\frac{1}{2}", 1, "correct"],
    ["\\boxed{0.4}", "\\frac{1}{2}", -1, "wrong"],
    ["The answer is $1/2$.", "\\frac{1}{2}", 1, "correct"],
    ["it may be 1/2", "\\frac{1}{2}", -1, "wrong"], // numbers in passing are no answer
    ["\\boxed{4}, \\boxed{5}", "5", -1, "wrong"],
    ["\\boxed{\\hspace}", "5", -1, "unparsablePrediction"],
    ["\\boxed{\\sum 1}", "\\sum", -1, "unparsableGold"],
    ["\\boxed{9^{9^{9^9}}+0}", "9^{9^{9^9}}", -1, "undecided"],
  ])("%j for %j: %d, %s", (text, groundTruth, score, status) => {
    expect(reward(sample(text, groundTruth))).toMatchObject({ score, parts: { outcome: score }, verdict: { status } });
  });

  test("a box that the interpreter printed does not count; scores are the caller's", () => {
    expect(reward(sample("<interpreter>\\boxed{42}</interpreter>", "42", "")).score).toBe(-1);
    const zeroOne = outcomeReward({ rule: "equivalence", scores: { wrong: 0, undecided: -0.5 } });
    expect(zeroOne(sample("\\boxed{1}", "2")).score).toBe(0);
    expect(zeroOne(sample("\\boxed{2^{10^{7}}}", "2^{10^7}+0")).score).toBe(-0.5);
  });
});

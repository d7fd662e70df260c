import { describe, expect, test } from "vitest";
import { mathDapoScore } from "./math-dapo.js";
import { normalizeFinalAnswer } from "./normalize.js";
import { lastCodePoints, stripSpace } from "./python-text.js";

describe("mathDapoScore", () => {
  test("windows count code points, not UTF-16 units", () => {
    const box = "\\boxed{42}"; // 10 code points
    expect(mathDapoScore(box + "𝟙".repeat(90), "42", { strictBox: true }).correct).toBe(true);
    expect(mathDapoScore(box + "𝟙".repeat(91), "42", { strictBox: true }).correct).toBe(false);
    const line = "Answer: 42\n"; // 11 code points
    expect(mathDapoScore(line + "😀".repeat(289), "42", { strictBox: false }).correct).toBe(true);
    expect(mathDapoScore(line + "😀".repeat(290), "42", { strictBox: false }).correct).toBe(false);
  });

  test("a missing box never equals an empty truth", () => {
    expect(mathDapoScore("nothing", "", { strictBox: true })).toEqual({ score: -1, correct: false, prediction: "" });
  });

  test("reads Answer lines as Python does", () => {
    expect(mathDapoScore("ANSWER\u0085:\u001c7", "7", { strictBox: false }).prediction).toBe("7");
    expect(mathDapoScore("Answer: 7\r\nAnswer: 8\u20289", "89", { strictBox: false }).prediction).toBe("8\u20289");
  });
});

describe("normalizeFinalAnswer", () => {
  test.each([
    ["a line of two dollars keeps what is between them", "so $5$ and $6$\n$7$", "5\n7"],
    ["the first box and the last brace of a line", "\\boxed{1}\\boxed{2}", "1}\\boxed{2"],
    ["unwrapping stops at a line's end", "\\text{a\nb} \\text{c}", "\\text{a\nb}c"],
    ["a replacement may hold a dollar", "5.$", "5"],
    ["superscripts are digits to Python", "1,²", "1²"],
    ["an astral character is one character", "frac𝟙𝟚", "frac{𝟙}{𝟚}"],
    ["the byte order mark is no space", "\ufeff7\t", "\ufeff7"],
  ])("%s", (_, text, expected) => {
    expect(normalizeFinalAnswer(text)).toBe(expected);
  });

  test.each([
    ["unclosed commands", "\\text{".repeat(200_000)],
    ["unclosed commands before a line end", "\\text{".repeat(200_000) + "\n}"],
    ["boxes", "\\boxed{".repeat(200_000) + "}"],
    ["no dollar", "x".repeat(1_000_000)],
    ["blanks", "\t".repeat(500_000) + "x" + "\t".repeat(500_000)],
    ["commas", ",".repeat(1_000_000)],
  ])("a megabyte of %s in linear time", (_, text) => {
    expect(typeof normalizeFinalAnswer(text)).toBe("string");
  });
});

test("lastCodePoints keeps surrogate pairs together and lone surrogates apart", () => {
  expect(lastCodePoints("a😀b", 2)).toBe("😀b");
  expect(lastCodePoints("a😀b", 9)).toBe("a😀b");
  expect(lastCodePoints("\ude00\ude00", 1)).toBe("\ude00");
  expect(lastCodePoints("", 3)).toBe("");
});

test("stripSpace strips what Python strips", () => {
  expect(stripSpace("\u001f\u0085\u3000 x \n")).toBe("x");
  expect(stripSpace(" \t ")).toBe("");
});

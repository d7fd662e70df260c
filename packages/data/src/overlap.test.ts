import { expect, test } from "vitest";
import { findOverlap } from "./overlap.js";

const LONG = "A train leaves the station at noon and travels at a steady speed of sixty miles an hour until evening.";

test("the same words are the same question, whatever case, punctuation and spaces", () => {
  const found = findOverlap(["what IS  2+3 ?", "Other"], ["What is 2 + 3?", "What is 3 + 2?", "Nothing of it"]);
  expect(found).toEqual({ same: [0], alike: [] });
});

test("thirteen words in a row make texts alike, twelve do not", () => {
  const words = LONG.match(/\w+/g)!;
  const with13 = `Read: ${words.slice(2, 15).join(" ")}, it says.`;
  const with12 = `Read: ${words.slice(2, 14).join(" ")}, it says.`;
  expect(findOverlap([LONG], [with13, with12, LONG.toUpperCase()])).toEqual({ same: [2], alike: [0] });
  expect(findOverlap([LONG], [with12], { wordsInARow: 12 })).toEqual({ same: [], alike: [0] });
});

test("a test text that comes twice is told twice; compatibility forms are one; empty texts are alike to nothing but themselves", () => {
  expect(findOverlap(["ﬁne １２"], ["fine 12", "fine 12", ""])).toEqual({ same: [0, 1], alike: [] });
});

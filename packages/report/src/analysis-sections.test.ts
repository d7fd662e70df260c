import { expect, test } from "vitest";
import { Html } from "./page.js";
import { within } from "./analysis-sections.js";

test("as many as fit are made, counted in bytes, and one always is", () => {
  const made: string[] = [];
  const part = (text: string) => () => (made.push(text), new Html(text));
  const fitting = (bytes: number, ...texts: readonly string[]) => within(bytes, texts.map(part)).map(({ markup }) => markup);
  expect(fitting(6, "abc", "def", "g")).toEqual(["abc", "def"]);
  expect(fitting(5, "äö", "x", "y")).toEqual(["äö", "x"]); // two letters of two bytes
  expect(fitting(2, "abc", "d")).toEqual(["abc"]);
  expect(fitting(2)).toEqual([]);
});

import { expect, test } from "vitest";
import { Html } from "./markup.js";
import { exampleRecord } from "../../runs/test/example-run.js";
import { renderHistories, within } from "./analysis-sections.js";

test("as many as fit are made, counted in bytes, and one always is", () => {
  const made: string[] = [];
  const part = (text: string) => () => (made.push(text), new Html(text));
  const fitting = (bytes: number, ...texts: readonly string[]) => within(bytes, texts.map(part)).map(({ markup }) => markup);
  expect(fitting(6, "abc", "def", "g")).toEqual(["abc", "def"]);
  expect(fitting(5, "äö", "x", "y")).toEqual(["äö", "x"]); // two letters of two bytes
  expect(fitting(2, "abc", "d")).toEqual(["abc"]);
  expect(fitting(2)).toEqual([]);
});

test("of many checkpoints, six at even distances are shown, the first and the last among them", () => {
  const records = Array.from({ length: 11 }, (_, step) => exampleRecord({ step: 100 + step }));
  const { markup } = renderHistories({ histories: [{ problemId: "gcd-1", records }] })!;
  const shown = [...markup.matchAll(/step (\d{3})/g)].map(([, step]) => Number(step));
  expect([...new Set(shown)]).toEqual([100, 102, 104, 106, 108, 110]);
});

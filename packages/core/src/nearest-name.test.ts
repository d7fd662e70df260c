import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.js";

test.each([
  ["stesp", ["seed", "steps"], "steps"],
  ["groupsize", ["groupSize", "topK"], "groupSize"],
  ["trian.jsonl", ["train.jsonl", "test.jsonl"], "train.jsonl"],
  ["step", ["steps", "stop"], "steps"], // one edit each: the first stays
  ["abc", ["xyz"], undefined],
  ["abc", [], undefined],
] as const)("%s among %j", (wanted, known, expected) => {
  expect(nearestName(wanted, known)).toBe(expected);
});

test("the limit counts edits: kitten becomes sitting with three", () => {
  expect(nearestName("kitten", ["sitting"], 2)).toBeUndefined();
  expect(nearestName("kitten", ["sitting"], 3)).toBe("sitting");
});

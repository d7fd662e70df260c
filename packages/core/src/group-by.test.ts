import { expect, test } from "vitest";
import { groupBy } from "./group-by.js";

test("groups stand in the order in which they first appear, items in theirs", () => {
  const groups = groupBy(["pear", "fig", "plum", "kiwi", "fox"], (word) => word.length);
  expect([...groups]).toEqual([
    [4, ["pear", "plum", "kiwi"]],
    [3, ["fig", "fox"]],
  ]);
});

test("a key is compared as a map's: 1 and '1' are two, and undefined is one", () => {
  expect([...groupBy([1, "1", undefined, 1], (key) => key).values()]).toEqual([[1, 1], ["1"], [undefined]]);
  expect(groupBy([], String).size).toBe(0);
});

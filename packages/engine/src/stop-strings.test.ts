import { expect, test } from "vitest";
import { StopStringScanner } from "./stop-strings.js";

const TOKENS = ["ab", "cd", "c", "d", "xabcd"];
const scan = (stops: readonly string[], ids: readonly number[]) => {
  const scanner = new StopStringScanner({ push: (id) => TOKENS[id]! }, stops);
  return ids.map((id) => scanner.push(id));
};

test("of several stop strings in one token, the one that begins first counts", () => {
  expect(scan(["cd", "abc"], [4])).toEqual(["abc"]);
  expect(scan(["abc", "cd"], [4])).toEqual(["abc"]);
});

test("a stop string may be spread over many tokens, and text before it is forgotten", () => {
  expect(scan(["bcd"], [0, 2, 3])).toEqual([undefined, undefined, "bcd"]);
  expect(scan(["d"], [0, 2, 3, 0])).toEqual([undefined, undefined, "d", undefined]);
});

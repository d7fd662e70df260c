import { describe, expect, test } from "vitest";
import { checkGolds, readGold } from "./gold.js";
import { outcomeReward } from "./outcome.js";
import type { OutcomeRule } from "./rules.js";

describe("readGold", () => {
  test.each([
    ["42", "42"],
    ["\\boxed{42}", "42"],
    ["$\\boxed{42}$", "42"],
    ["We get $x=\\boxed{2}$.", "2"],
    ["First $\\boxed{1}$ was tried, then $\\boxed{2}$.", "2"],
    ["$\\boxed{2}$ and $\\boxed{3}$", "2, 3"],
    ["$\\boxed 7$", "7"],
    ["so 3 * 6 = <<3*6=18>>18\n#### 1,018", "1018"],
    ["so\n#### 7\n\n(checked)", "7"],
    ["#### 1\n#### 2", "2"],
    ["<answer>5</answer>", "5"],
    ["\\boxed{4}? <answer>\\boxed{5}</answer>", "5"],
    ["\\boxed{4", "\\boxed{4"], // cut off: nothing to read
    ["x # 3", "x # 3"],
    ["so \\boxed{4}, and not <answer>5", "4"], // a tag that never closes holds no answer
  ])("%j is %j", (gold, expected) => expect(readGold(gold)).toBe(expected));
});

test.each<OutcomeRule>(["boxed-exact", "equivalence", "math-dapo-strict"])("%s reads a worked solution as its answer", (rule) => {
  const reward = outcomeReward({ rule });
  const sample = { response: "\\boxed{2}", modelText: "\\boxed{2}", toolCalls: 0, turns: 1, responseTokens: 1 };
  expect(reward({ ...sample, groundTruth: "We get $x=\\boxed{2}$." }).score).toBe(1);
  expect(reward({ ...sample, groundTruth: "We get $x=\\boxed{3}$." }).score).toBe(-1);
});

test("golds that no response can meet are counted, each with a reason", () => {
  const solution = "It is known that the number is even.\n".repeat(20);
  const problems = ["\\foo{3}", " ", "\\frac{1}{2", "3", "\\text{north}", "We get $\\boxed{2}$.", solution].map((answer, i) => ({
    id: `p${i}`,
    answer,
  }));
  const found = (rule: OutcomeRule) => checkGolds(problems, rule).unreadable.map(({ id, reason }) => [id, reason]);
  expect(checkGolds(problems, "equivalence").total).toBe(7);
  expect(found("equivalence")).toEqual([
    ["p0", "the command \\foo is not read"],
    ["p1", "it is empty"],
    ["p2", expect.stringContaining("the end")],
    ["p6", expect.stringContaining("several lines")],
  ]);
  expect(found("boxed-exact").map(([id]) => id)).toEqual(["p1", "p2", "p6"]);
});

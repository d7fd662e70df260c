import { describe, expect, test } from "vitest";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { answer, budgets, call, runOne } from "../test/rollout-options.js";
import { EOS, turn } from "../test/scripted-codec.js";
import { play, ScriptedSampler } from "../test/scripted-sampler.js";
import type { Budgets } from "./budgets.js";
import { codeInterpreter } from "./code-interpreter.js";
import { filterVoidTurns, hasVoidTurn } from "./void-turns.js";

const tools = [codeInterpreter(new FakeCodeRunner((code) => ({ feedback: code, status: code === "infra" ? "infra" : "ok" })))];

function rollout(turns: readonly (readonly number[])[], limits: Partial<Budgets> = {}) {
  return runOne(new ScriptedSampler(play(...turns)), { tools, budgets: budgets(limits) });
}

describe("hasVoidTurn", () => {
  test.each([
    ["calls and then answers", [call("1"), call("2"), answer("2")], {}, false],
    ["answers at once", [answer("2")], {}, false],
    ["calls when no turn is left", [call("1"), call("2")], { maxTurns: 2 }, false],
    ["calls when no call is left", [call("1"), call("2")], { maxToolCalls: 1 }, false],
    ["calls a tool that fails itself", [call("infra")], {}, false],
    ["ends in prose", [call("1"), turn("Hm.", EOS)], {}, true],
    ["ends in prose at once", [turn("Hm.", EOS)], {}, true],
    ["ends in a call that cannot be read", [call("1"), turn("1</code>")], {}, true],
    ["is cut in the middle of a turn", [call("1"), turn("and so on and on")], { maxTurnTokens: 8 }, true],
  ])("a rollout that %s: %s", async (_, turns, limits, expected) => {
    expect(hasVoidTurn(await rollout(turns, limits))).toBe(expected);
  });
});

test("filterVoidTurns keeps the others, in order", async () => {
  const [good, bad, better] = [await rollout([answer("1")]), await rollout([turn("Hm.", EOS)]), await rollout([call("1"), answer("2")])];
  expect(filterVoidTurns([good, bad, better])).toEqual([good, better]);
});

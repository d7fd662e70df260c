import { streamKey, uniformAt } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { agentOptions, answer, budgets, call, KEY, PROMPT, runOne } from "../test/rollout-options.js";
import { codec, EOS, turn, word } from "../test/scripted-codec.js";
import { play, ScriptedSampler } from "../test/scripted-sampler.js";
import { runAgent } from "./agent-loop.js";
import { codeInterpreter } from "./code-interpreter.js";
import type { Dialect } from "./dialect.js";
import { xmlDialect } from "./dialect-xml.js";
import { defineTool } from "./tool.js";
import { modelText } from "./trajectory.js";

const echo = new FakeCodeRunner((code) => ({ feedback: code }));

/** A dialect for tools with names and JSON arguments: `name {…}` and a closing code tag. */
const named: Dialect = {
  name: "named",
  stopStrings: ["</code>"],
  parseTurn(text) {
    const match = /^(\w+) (.*)<\/code>/s.exec(text);
    if (match === null) return { kind: "none" };
    return { kind: "call", tool: match[1]!, input: JSON.parse(match[2]!) as unknown, source: match[2]!, offset: 0 };
  },
  renderResult: (text) => [{ text, trusted: false }],
};

describe("one rollout", () => {
  test("turn by turn, by hand", async () => {
    const first = call("6*7");
    const second = answer("42");
    const sampler = new ScriptedSampler(play(first, second));
    const ticks = [10, 25];
    const sandbox = new FakeCodeRunner(() => ({ feedback: "42", fuel: 5 }));
    const trajectory = await runOne(sampler, { tools: [codeInterpreter(sandbox)], now: () => ticks.shift()! });
    const output = turn("\n<interpreter>\n42</interpreter>\n\n");
    const start = PROMPT.length;
    expect(trajectory.tokenIds).toEqual(Int32Array.from([...PROMPT, ...first, ...output, ...second]));
    expect([...trajectory.lossMask].join("")).toBe(
      "0".repeat(start) + "1".repeat(first.length) + "0".repeat(output.length) + "1".repeat(second.length),
    );
    expect(trajectory.segments).toEqual([
      { kind: "prompt", start: 0, end: start, text: "What is 6 * 7?" },
      { kind: "model", start, end: start + 5, text: "<code>6*7</code>" },
      { kind: "tool", start: start + 5, end: start + 5 + output.length, text: "\n<interpreter>\n42</interpreter>\n\n" },
      { kind: "model", start: start + 5 + output.length, end: start + 9 + output.length, text: "<answer>42</answer>" },
    ]);
    expect(trajectory.toolCalls).toEqual([
      { tool: "code_interpreter", input: "6*7", result: "42", status: "ok", durationMs: 15, fuel: 5, start },
    ]);
    expect(trajectory).toMatchObject({ problemId: "p", sampleIndex: 0, promptLength: start, stopReason: "answered", turns: 2 });
    expect(modelText(trajectory)).toBe("<code>6*7</code><answer>42</answer>");
    expect(sandbox.codes).toEqual(["6*7"]);
  });

  test("an answer that does not stop by its tag ends with the token behind it, which the policy wrote", async () => {
    const ended = [...answer("42"), EOS];
    const open = xmlDialect({ answerStops: false });
    const trajectory = await runOne(new ScriptedSampler(play(ended)), { dialect: open });
    expect(trajectory).toMatchObject({ stopReason: "answered", turns: 1 });
    expect([...trajectory.tokenIds].slice(PROMPT.length)).toEqual(ended);
    expect(trajectory.lossMask.at(-1)).toBe(1);
    const endless = [...answer("42"), ...turn(" and so on")];
    const cut = { dialect: open, budgets: budgets({ maxResponseTokens: endless.length }) };
    expect(await runOne(new ScriptedSampler(play(endless)), cut)).toMatchObject({ stopReason: "maxTokens" });
  });

  test("a policy without an interpreter goes on behind its code, by itself", async () => {
    const alone = [...turn("<code>6*7</code> = 43 "), ...answer("43")];
    const trajectory = await runOne(new ScriptedSampler(play(alone)), { dialect: xmlDialect({ interpreter: false }) });
    expect(trajectory).toMatchObject({ stopReason: "answered", turns: 1, toolCalls: [] });
    expect([...trajectory.tokenIds].slice(PROMPT.length)).toEqual(alone);
    expect([...trajectory.lossMask].slice(PROMPT.length)).toEqual(alone.map(() => 1));
  });

  test("the outer guard on the clock is looked at between turns, and says so", async () => {
    let time = 0;
    const slow = new FakeCodeRunner(() => {
      time += 60;
      return { feedback: "1" };
    });
    const limited = budgets({ maxDurationMs: 100 });
    const sampler = () => new ScriptedSampler(play(call("1"), call("2"), answer("3")));
    const options = { tools: [codeInterpreter(slow)], budgets: limited, now: () => time };
    expect(await runOne(sampler(), options)).toMatchObject({ stopReason: "maxTime", turns: 2 });
    time = 0;
    expect(await runOne(sampler(), { ...options, budgets: { ...limited, maxDurationMs: 121 } })).toMatchObject({ stopReason: "answered" });
  });

  test("output is cut where the budgets say", async () => {
    const long = new FakeCodeRunner(() => ({ feedback: "abcdefgh" }));
    const shown = async (toolOutputCut: "left" | "middle" | "right") => {
      const cut = budgets({ maxToolOutputChars: 4, toolOutputCut });
      const { toolCalls } = await runOne(new ScriptedSampler(play(call("1"), answer("2"))), {
        tools: [codeInterpreter(long)],
        budgets: cut,
      });
      return toolCalls[0]!.result;
    };
    expect([await shown("left"), await shown("right")]).toEqual(["(truncated)...efgh", "abcd...(truncated)"]);
  });

  test("the sequence is extended by the output alone, and the state it has is used again", async () => {
    const sampler = new ScriptedSampler(play(call("1"), call("2"), answer("3")));
    await runOne(sampler, { tools: [codeInterpreter(echo)] });
    expect(sampler.log.filter(({ kind }) => kind === "extend")).toEqual([
      { kind: "extend", order: 0, tokenIds: turn("\n<interpreter>\n1</interpreter>\n\n") },
      { kind: "extend", order: 0, tokenIds: turn("\n<interpreter>\n2</interpreter>\n\n") },
    ]);
    expect(sampler.log.filter(({ kind }) => kind === "open")).toHaveLength(1);
  });

  test("a turn is asked for with the dialect's stops, the budget and the sampling parameters", async () => {
    const sampler = new ScriptedSampler(play(call("1"), answer("1")));
    const sampling = { temperature: 0.7, topP: 0.9, topK: 4 };
    await runOne(sampler, { tools: [codeInterpreter(echo)], sampling, budgets: budgets({ maxResponseTokens: 100, maxTurnTokens: 90 }) });
    const [first, second] = sampler.turns.map(({ request }) => request);
    expect(first).toMatchObject({ ...sampling, maxTokens: 90, stopTokenIds: [EOS], stopStrings: ["</code>", "</answer>"] });
    // The call is 3 tokens; the output is 7: newline, tag, newline, "1", tag and two newlines.
    expect(second!.maxTokens).toBe(100 - 3 - 7);
  });

  test("noise is a function of seed, step, problem, sample and position", async () => {
    const drawn: number[] = [];
    const sampler = new ScriptedSampler(({ noise, index }) => {
      drawn.push(noise);
      return index === 2 ? EOS : codec.encode("x")[0]!;
    });
    await runOne(sampler, { seed: 9 });
    const stream = streamKey(9, ["rollout", KEY.step, KEY.problemId, KEY.sampleIndex]);
    expect(drawn).toEqual([0, 1, 2].map((i) => uniformAt(stream, PROMPT.length + i)));
  });
});

describe("calls", () => {
  test("a stop string inside a longer token: the id is kept, the text behind it is not run", async () => {
    const sandbox = new FakeCodeRunner((code) => ({ feedback: code }));
    const first = turn("<code>6*7", word("</code>\n\n"));
    const second = turn("<answer>42", word("</answer>."));
    const trajectory = await runOne(new ScriptedSampler(play(first, second)), { tools: [codeInterpreter(sandbox)] });
    expect(sandbox.codes).toEqual(["6*7"]);
    expect(trajectory.stopReason).toBe("answered");
    const { start, end, text } = trajectory.segments[1]!;
    expect([...trajectory.tokenIds.subarray(start, end)]).toEqual(first);
    expect(text).toBe("<code>6*7</code>\n\n");
  });

  test("fenced and bare code are the same call", async () => {
    const sandbox = new FakeCodeRunner((code) => ({ feedback: code }));
    const sampler = new ScriptedSampler(play(call("\n```python\n6*7\n```\n"), call("6*7"), answer("42")));
    const { toolCalls } = await runOne(sampler, { tools: [codeInterpreter(sandbox)] });
    expect(sandbox.codes).toEqual(["6*7", "6*7"]);
    expect(toolCalls.map(({ input }) => input)).toEqual(["6*7", "6*7"]);
  });

  test("a call starts at its tag, not at the words before it", async () => {
    const sampler = new ScriptedSampler(play(turn("I see. <code>1</code>"), turn("No: <code>2</code>"), answer("2")));
    const { toolCalls, tokenIds } = await runOne(sampler, { tools: [codeInterpreter(echo)] });
    expect(toolCalls.map(({ start }) => start)).toEqual([PROMPT.length + 7, PROMPT.length + 10 + 7 + 4]);
    expect(toolCalls.map(({ start }) => tokenIds[start])).toEqual([word("<code>"), word("<code>")]);
  });

  test("an unknown tool is an error that the policy reads", async () => {
    const tools = [defineTool({ name: "known", description: "", input: z.unknown(), execute: async () => ({ text: "", status: "ok" }) })];
    const trajectory = await runOne(new ScriptedSampler(play(turn("unknown {}</code>"), [EOS])), { dialect: named, tools });
    expect(trajectory.toolCalls).toMatchObject([{ tool: "unknown", status: "error", result: "unknown tool unknown; available: known" }]);
    expect(trajectory.stopReason).toBe("eos");
  });

  test("arguments of a wrong shape are an error that the policy reads", async () => {
    const square = defineTool({
      name: "square",
      description: "",
      input: z.strictObject({ value: z.number() }),
      execute: async ({ value }) => ({ text: String(value * value), status: "ok" }),
    });
    const sampler = new ScriptedSampler(play(turn('square {"value":"3"}</code>'), turn('square {"value":3}</code>'), [EOS]));
    const trajectory = await runOne(sampler, { dialect: named, tools: [square] });
    expect(trajectory.toolCalls.map(({ status }) => status)).toEqual(["error", "ok"]);
    expect(trajectory.segments[2]!.text).toContain("invalid arguments for square: value:");
    expect(trajectory.segments[4]!.text).toBe("9");
  });

  test("a tool is told whose call it is", async () => {
    const seen: unknown[] = [];
    const tool = defineTool({
      name: "code_interpreter",
      description: "",
      input: z.unknown(),
      execute: async (_, context) => {
        seen.push(context);
        return { text: "", status: "ok" };
      },
    });
    const sampler = new ScriptedSampler(play(call("1"), call("2"), answer("3")));
    const sequence = sampler.open(PROMPT);
    await runAgent(sequence, PROMPT, { step: 4, problemId: "q", sampleIndex: 2 }, agentOptions(sampler, { tools: [tool] }));
    expect(seen).toEqual([0, 1].map((callIndex) => ({ problemId: "q", sampleIndex: 2, callIndex })));
  });

  test("a failing sampler rejects; the sequence is the caller's to close", async () => {
    const sampler = new ScriptedSampler(() => {
      throw new Error("out of memory");
    });
    const sequence = sampler.open(PROMPT);
    await expect(runAgent(sequence, PROMPT, KEY, agentOptions(sampler))).rejects.toThrow("out of memory");
    expect(sampler.openSequences).toBe(1);
  });
});

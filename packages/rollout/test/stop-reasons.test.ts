import { describe, expect, test } from "vitest";
import { codeInterpreter, responseText } from "../src/index.js";
import { FakeCodeRunner } from "./fake-code-runner.js";
import { answer, budgets, call, PROMPT, runOne } from "./rollout-options.js";
import { codec, EOS, turn } from "./scripted-codec.js";
import { play, ScriptedSampler } from "./scripted-sampler.js";

const echo = new FakeCodeRunner((code) => ({ feedback: code }));

describe("stop reasons", () => {
  const tools = [codeInterpreter(echo)];

  test("answered", async () => {
    expect((await runOne(new ScriptedSampler(play(answer("1"))))).stopReason).toBe("answered");
  });

  test("eos, with the token kept", async () => {
    const trajectory = await runOne(new ScriptedSampler(play(turn("Hm.", EOS))));
    expect(trajectory.stopReason).toBe("eos");
    expect(trajectory.tokenIds.at(-1)).toBe(EOS);
    expect(trajectory.lossMask.at(-1)).toBe(1);
  });

  test("maxTokens by the response", async () => {
    const trajectory = await runOne(new ScriptedSampler(play(turn("0123456789"))), { budgets: budgets({ maxResponseTokens: 4 }) });
    expect(trajectory.stopReason).toBe("maxTokens");
    expect(responseText(trajectory)).toBe("0123");
  });

  test("maxTokens by the turn", async () => {
    const trajectory = await runOne(new ScriptedSampler(play(call("1"), turn("0123456789"))), {
      tools,
      budgets: budgets({ maxTurnTokens: 5 }),
    });
    expect(trajectory.stopReason).toBe("maxTokens");
    expect(trajectory.segments.at(-1)!.text).toBe("01234");
  });

  test("maxTokens without room for a first token", async () => {
    const sampler = new ScriptedSampler(play());
    const trajectory = await runOne(sampler, { budgets: budgets({ maxResponseTokens: 0 }) });
    expect(trajectory).toMatchObject({ stopReason: "maxTokens", turns: 0 });
    expect(sampler.turns).toEqual([]);
  });

  test("maxTurns: a call in the last turn is not run", async () => {
    const sandbox = new FakeCodeRunner((code) => ({ feedback: code }));
    const sampler = new ScriptedSampler(play(call("1"), call("2")));
    const trajectory = await runOne(sampler, { tools: [codeInterpreter(sandbox)], budgets: budgets({ maxTurns: 2 }) });
    expect(trajectory).toMatchObject({ stopReason: "maxTurns", turns: 2 });
    expect(sandbox.codes).toEqual(["1"]);
    expect(trajectory.toolCalls).toHaveLength(1);
    expect(trajectory.segments.at(-1)).toMatchObject({ kind: "model", text: "<code>2</code>" });
  });

  test("an answer in the last turn counts", async () => {
    const sampler = new ScriptedSampler(play(call("1"), answer("1")));
    expect((await runOne(sampler, { tools, budgets: budgets({ maxTurns: 2 }) })).stopReason).toBe("answered");
  });

  test("maxToolCalls", async () => {
    const sandbox = new FakeCodeRunner((code) => ({ feedback: code }));
    const sampler = new ScriptedSampler(play(call("1"), call("2"), call("3")));
    const trajectory = await runOne(sampler, { tools: [codeInterpreter(sandbox)], budgets: budgets({ maxToolCalls: 2 }) });
    expect(trajectory).toMatchObject({ stopReason: "maxToolCalls", turns: 3 });
    expect(sandbox.codes).toEqual(["1", "2"]);
  });

  test("contextFull while the policy writes", async () => {
    const sampler = new ScriptedSampler(play(turn("0123456789")), { maxLength: PROMPT.length + 3 });
    const trajectory = await runOne(sampler);
    expect(trajectory.stopReason).toBe("contextFull");
    expect(responseText(trajectory)).toBe("012");
  });

  test("contextFull by a prompt that fills the sampler", async () => {
    const trajectory = await runOne(new ScriptedSampler(play(), { maxLength: PROMPT.length }));
    expect(trajectory).toMatchObject({ stopReason: "contextFull", turns: 1 });
    expect(trajectory.tokenIds).toHaveLength(PROMPT.length);
  });

  test.each(["1 + 1</code>", "42</answer>"])("parseError: %s", async (text) => {
    expect((await runOne(new ScriptedSampler(play(turn(text))), { tools })).stopReason).toBe("parseError");
  });

  test("toolFailed: the call is on record, nothing is appended", async () => {
    const broken = codeInterpreter(new FakeCodeRunner(() => Promise.reject(new Error("gone"))));
    const sampler = new ScriptedSampler(play(call("1")));
    const trajectory = await runOne(sampler, { tools: [broken] });
    expect(trajectory.stopReason).toBe("toolFailed");
    expect(trajectory.toolCalls).toMatchObject([{ status: "infra", result: "code_interpreter is unavailable" }]);
    expect(trajectory.segments.map(({ kind }) => kind)).toEqual(["prompt", "model"]);
  });

  test("toolFailed even when the output would not have fitted: it must not be scored", async () => {
    const broken = codeInterpreter(new FakeCodeRunner(() => ({ feedback: "x".repeat(50), status: "infra" })));
    const trajectory = await runOne(new ScriptedSampler(play(call("1"))), { tools: [broken], budgets: budgets({ maxResponseTokens: 20 }) });
    expect(trajectory.stopReason).toBe("toolFailed");
  });

  test.each(["infra", "timeout"] as const)("status %s is not fed back, and the rollout is not scored", async (status) => {
    const tool = codeInterpreter(new FakeCodeRunner(() => ({ feedback: "[timeout: time limit]", status })));
    const trajectory = await runOne(new ScriptedSampler(play(call("1"), answer("1"))), { tools: [tool] });
    expect(trajectory.stopReason).toBe("toolFailed");
    expect(trajectory.toolCalls).toMatchObject([{ status }]);
    expect(trajectory.segments.map(({ kind }) => kind)).toEqual(["prompt", "model"]);
  });

  test.each(["error", "fuel", "oom", "stack", "output", "killed"] as const)("status %s is fed back", async (status) => {
    const tool = codeInterpreter(new FakeCodeRunner(() => ({ feedback: "no luck", status })));
    const trajectory = await runOne(new ScriptedSampler(play(call("1"), answer("1"))), { tools: [tool] });
    expect(trajectory.stopReason).toBe("answered");
    expect(trajectory.toolCalls[0]!.status).toBe(status);
    expect(responseText(trajectory)).toContain("<interpreter>\nno luck</interpreter>");
  });

  test("aborted before the first token", async () => {
    const trajectory = await runOne(new ScriptedSampler(play()), { signal: AbortSignal.abort() });
    expect(trajectory).toMatchObject({ stopReason: "aborted", turns: 1 });
    expect(trajectory.tokenIds).toHaveLength(PROMPT.length);
  });

  test("aborted in a turn keeps what was written", async () => {
    const controller = new AbortController();
    const sampler = new ScriptedSampler(({ index }) => {
      if (index === 2) controller.abort();
      return codec.encode("x")[0]!;
    });
    const trajectory = await runOne(sampler, { signal: controller.signal });
    expect(trajectory.stopReason).toBe("aborted");
    expect(responseText(trajectory)).toBe("xxx");
  });

  test.each(["killed", "infra", "ok"] as const)("aborted during a call, whose status is then %s", async (status) => {
    const controller = new AbortController();
    const sandbox = new FakeCodeRunner((_, signal) => {
      controller.abort();
      expect(signal?.aborted).toBe(true);
      return { feedback: "[stopped]", status };
    });
    const trajectory = await runOne(new ScriptedSampler(play(call("1"))), { tools: [codeInterpreter(sandbox)], signal: controller.signal });
    expect(trajectory.stopReason).toBe("aborted");
    expect(trajectory.toolCalls).toMatchObject([{ status, result: "[stopped]" }]);
    expect(responseText(trajectory)).toBe("<code>1</code>");
  });
});

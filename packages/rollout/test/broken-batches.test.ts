import { describe, expect, test } from "vitest";
import { z } from "zod";
import { codeInterpreter, defineTool, responseText } from "../src/index.js";
import { FakeCodeRunner } from "./fake-code-runner.js";
import { answer, call, prompts, runBatch, until } from "./rollout-options.js";
import { codec, EOS, turn } from "./scripted-codec.js";
import { play, playByPrompt, ScriptedSampler, type Script } from "./scripted-sampler.js";

const echo = new FakeCodeRunner((code) => ({ feedback: code }));

describe("failures", () => {
  const failing: Script = ({ sequence, index }) => {
    if (sequence === 1 && index === 3) throw new Error("device lost");
    return codec.encode("x")[0]!;
  };

  test("the first error is thrown once the others have ended and all sequences are closed", async () => {
    const sampler = new ScriptedSampler(failing);
    await expect(runBatch(sampler, prompts("a", "b"), { samples: 3 })).rejects.toThrow("device lost");
    expect(sampler.openSequences).toBe(0);
    expect(sampler.turns.map(({ result }) => result.finish)).toEqual(["aborted", "aborted", "aborted", "aborted", "aborted"]);
  });

  test("groups that wait for a place are not begun", async () => {
    const sampler = new ScriptedSampler(failing, { capacity: 3 });
    await expect(runBatch(sampler, prompts("a", "b", "c"), { samples: 3 })).rejects.toThrow("device lost");
    expect(sampler.log.filter(({ kind }) => kind === "open")).toHaveLength(1);
    expect(sampler.openSequences).toBe(0);
  });

  test("several failures at once throw the first and leave no rejection unhandled", async () => {
    const sampler = new ScriptedSampler(({ sequence }) => {
      throw new Error(`row ${sequence}`);
    });
    await expect(runBatch(sampler, prompts("a", "b"), { samples: 2 })).rejects.toThrow("row 0");
    expect(sampler.openSequences).toBe(0);
  });

  test("running tools are told, and waited for", async () => {
    const events: string[] = [];
    const waiting = new FakeCodeRunner(async (_, signal) => {
      await until(() => signal!.aborted);
      events.push("tool ended");
      return { feedback: "[stopped]", status: "killed" };
    });
    const sampler = new ScriptedSampler((state) => (state.sequence === 0 ? play(call("1"))(state) : failing({ ...state, sequence: 1 })));
    await expect(runBatch(sampler, prompts("a", "b"), { tools: [codeInterpreter(waiting)] })).rejects.toThrow("device lost");
    expect(events).toEqual(["tool ended"]);
  });

  test("a prefill that fails closes what was opened and lets the others end", async () => {
    const sampler = new ScriptedSampler(playByPrompt({ ab: [turn("x".repeat(20), EOS)], b: [[EOS]] }), { capacity: 2 });
    sampler.prefill = async ([sequence]) => {
      if (sampler.log.filter(({ kind }) => kind === "open").length === 2) throw new Error(`no memory for ${sequence}`);
    };
    await expect(runBatch(sampler, prompts("ab", "b", "b"), { samples: 2 })).rejects.toThrow("no memory for");
    expect(sampler.openSequences).toBe(0);
  });

  test("a fork that fails closes what was opened", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const fork = sampler.fork.bind(sampler);
    sampler.fork = (sequence) => {
      if (sampler.openSequences === 3) throw new Error("no room");
      return fork(sequence);
    };
    await expect(runBatch(sampler, prompts("a"), { samples: 4 })).rejects.toThrow("no room");
    expect(sampler.openSequences).toBe(0);
  });

  test("a sequence that cannot be closed fails the batch, once the others are closed", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const close = sampler.close.bind(sampler);
    let closes = 0;
    sampler.close = (sequence) => {
      close(sequence);
      if (closes++ === 1) throw new Error("already gone");
    };
    await expect(runBatch(sampler, prompts("a", "b"), { samples: 2 })).rejects.toThrow("already gone");
    expect(sampler.openSequences).toBe(0);
  });

  test("a callback that throws fails the batch", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const onRollout = () => {
      throw new Error("disk full");
    };
    await expect(runBatch(sampler, prompts("a", "b"), { samples: 2, onRollout })).rejects.toThrow("disk full");
    expect(sampler.openSequences).toBe(0);
  });

  test("a tool that breaks the rule and rejects spoils its rollouts, and says why", async () => {
    const tool = { ...codeInterpreter(echo), call: () => Promise.reject(new Error("not mine")) };
    const sampler = new ScriptedSampler(play(call("1")));
    const [group] = await runBatch(sampler, prompts("a"), { samples: 2, tools: [tool] });
    for (const { stopReason, toolCalls } of group!) {
      expect(stopReason).toBe("toolFailed");
      expect(toolCalls).toMatchObject([{ status: "infra", result: "tool code_interpreter: not mine" }]);
    }
    expect(sampler.openSequences).toBe(0);
  });

  test("a tool that throws costs only its own rollout", async () => {
    const tool = defineTool({
      name: "code_interpreter",
      description: "",
      input: z.unknown(),
      execute: async (_, { sampleIndex }) => {
        if (sampleIndex === 1) throw new Error("gone");
        return { text: "1", status: "ok" };
      },
    });
    const sampler = new ScriptedSampler(play(call("1"), answer("1")));
    const [group] = await runBatch(sampler, prompts("a"), { samples: 3, tools: [tool] });
    expect(group!.map(({ stopReason }) => stopReason)).toEqual(["answered", "toolFailed", "answered"]);
  });
});

describe("abort", () => {
  test("gives a trajectory for every rollout, as far as it got", async () => {
    const controller = new AbortController();
    const sampler = new ScriptedSampler(
      playByPrompt({ done: [[EOS]], writes: [turn("x".repeat(1_000), EOS)], waits: [turn("x".repeat(1_000), EOS)] }),
      { capacity: 4 },
    );
    const groups = await runBatch(sampler, prompts("done", "writes", "waits"), {
      samples: 2,
      signal: controller.signal,
      onRollout: (done) => done === 2 && setTimeout(() => controller.abort(), 5),
    });
    expect(groups.map((group) => group.map(({ stopReason }) => stopReason))).toEqual([
      ["eos", "eos"],
      ["aborted", "aborted"],
      ["aborted", "aborted"],
    ]);
    expect(responseText(groups[1]![0]!)).toMatch(/^x+$/);
    expect(sampler.openSequences).toBe(0);
  });

  test("before the start computes nothing", async () => {
    const sampler = new ScriptedSampler(play());
    const groups = await runBatch(sampler, prompts("a", "b"), { samples: 2, signal: AbortSignal.abort() });
    expect(groups.flat().map(({ stopReason }) => stopReason)).toEqual(["aborted", "aborted", "aborted", "aborted"]);
    expect(sampler.log.some(({ kind }) => kind === "prefill" || kind === "token")).toBe(false);
    expect(sampler.openSequences).toBe(0);
  });
});

import { streamKey, uniformAt } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { agentOptions, answer, call } from "../test/rollout-options.js";
import { codec, EOS, turn } from "../test/scripted-codec.js";
import { play, ScriptedSampler, type Script } from "../test/scripted-sampler.js";
import { codeInterpreter } from "./code-interpreter.js";
import { rolloutBatch, type RolloutBatchOptions, type RolloutPrompt } from "./rollout-batch.js";
import { defineTool } from "./tool.js";
import { responseText, type Trajectory } from "./trajectory.js";

function prompts(...texts: readonly string[]): RolloutPrompt[] {
  return texts.map((text) => ({ problemId: text, promptIds: codec.encode(text) }));
}

function run(sampler: ScriptedSampler, batch: readonly RolloutPrompt[], overrides: Partial<RolloutBatchOptions> = {}) {
  return rolloutBatch(batch, { ...agentOptions(sampler), samples: 1, step: 0, ...overrides });
}

/** Each prompt chooses its own turns by its text. */
function byPrompt(scripts: Readonly<Record<string, readonly (readonly number[])[]>>): Script {
  return (state) => play(...scripts[codec.decode(state.promptIds)]!)(state);
}

/** Letters and now and then a call or an end, all by the noise alone. */
const noisy: Script = ({ noise, index }) => {
  if (index > 0 && noise < 0.1) return EOS;
  const vocabulary = [...codec.encode("abcdefgh"), ...codec.encode("<code></code>")];
  return vocabulary[Math.floor(noise * vocabulary.length)]!;
};

const echo = new FakeCodeRunner((code) => ({ feedback: code }));

/** Resolves once a condition holds; one look a macrotask. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setImmediate(resolve));
}

describe("results", () => {
  test("groups come in the order given, whatever order they end in", async () => {
    const sampler = new ScriptedSampler(byPrompt({ slow: [turn("x".repeat(40), EOS)], fast: [[EOS]], medium: [turn("x".repeat(9), EOS)] }));
    const ended: string[] = [];
    const groups = await run(sampler, prompts("slow", "fast", "medium"), {
      samples: 2,
      onRollout: (done, total, { problemId }) => ended.push(`${problemId} ${done}/${total}`),
    });
    expect(groups.map((group) => group.map(({ problemId, sampleIndex }) => `${problemId}${sampleIndex}`))).toEqual([
      ["slow0", "slow1"],
      ["fast0", "fast1"],
      ["medium0", "medium1"],
    ]);
    expect(ended).toEqual(["fast 1/6", "fast 2/6", "medium 3/6", "medium 4/6", "slow 5/6", "slow 6/6"]);
    expect(sampler.openSequences).toBe(0);
  });

  test("no prompts, no groups", async () => {
    expect(await run(new ScriptedSampler(play()), [])).toEqual([]);
  });

  test("two problems with one id keep apart", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const groups = await run(sampler, [...prompts("same"), ...prompts("same")], { samples: 2 });
    expect(groups.map((group) => group.length)).toEqual([2, 2]);
  });

  test("a prompt that fills the sampler ends as contextFull and harms no other", async () => {
    const sampler = new ScriptedSampler(play([EOS]), { maxLength: 6 });
    const [long, short] = await run(sampler, prompts("a long prompt", "ok"), { samples: 2 });
    expect(long!.map(({ stopReason }) => stopReason)).toEqual(["contextFull", "contextFull"]);
    expect(short!.map(({ stopReason }) => stopReason)).toEqual(["eos", "eos"]);
    expect(sampler.log).toContainEqual({ kind: "prefill", orders: [1] });
  });

  test.each([0, -1, 1.5, Number.NaN])("%s samples are refused", async (samples) => {
    await expect(run(new ScriptedSampler(play()), prompts("a"), { samples })).rejects.toThrow("samples: expected a whole number from 1");
  });
});

describe("noise", () => {
  const batch = prompts("one", "two", "three");
  const options = { samples: 3, tools: [codeInterpreter(echo)], seed: 5 };

  test("a rollout is the same alone, in a batch and in another order", async () => {
    const together = await run(new ScriptedSampler(noisy), batch, options);
    const reversed = await run(new ScriptedSampler(noisy), batch.toReversed(), options);
    const narrow = await run(new ScriptedSampler(noisy, { capacity: 3 }), batch, options);
    expect(reversed.toReversed()).toEqual(together);
    expect(narrow).toEqual(together);
    for (const [i, prompt] of batch.entries()) {
      expect(await run(new ScriptedSampler(noisy), [prompt], options)).toEqual([together[i]]);
    }
    expect(await run(new ScriptedSampler(noisy), batch, { ...options, samples: 1 })).toEqual(together.map((group) => [group[0]]));
  });

  test("seed, step, problem and sample each change it", async () => {
    const text = async (overrides: Partial<RolloutBatchOptions>, problemId = "one") =>
      (await run(new ScriptedSampler(noisy), [{ problemId, promptIds: codec.encode("one") }], { ...options, ...overrides }))[0]!.map(
        responseText,
      );
    const base = await text({});
    expect(new Set(base).size).toBe(3);
    expect(await text({})).toEqual(base);
    expect(await text({ seed: 6 })).not.toEqual(base);
    expect(await text({ step: 1 })).not.toEqual(base);
    expect(await text({}, "other")).not.toEqual(base);
  });

  test("it is what core's stream says", async () => {
    const drawn: number[] = [];
    const script: Script = ({ noise }) => (drawn.push(noise), EOS);
    await run(new ScriptedSampler(script), prompts("one"), { ...options, step: 7, samples: 2 });
    expect(drawn).toEqual([0, 1].map((sample) => uniformAt(streamKey(5, ["rollout", 7, "one", sample]), 3)));
  });
});

describe("the sampler's places", () => {
  test("a prompt is computed once for its group", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    await run(sampler, prompts("a", "bc"), { samples: 4 });
    expect(sampler.log.filter(({ kind }) => kind === "open")).toEqual([
      { kind: "open", order: 0, tokens: 1 },
      { kind: "open", order: 1, tokens: 2 },
    ]);
    expect(sampler.log.filter(({ kind }) => kind === "prefill")).toEqual([{ kind: "prefill", orders: [0, 1] }]);
    expect(sampler.log.filter(({ kind }) => kind === "fork")).toHaveLength(6);
  });

  test("one sample a problem needs no prefill of its own", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    await run(sampler, prompts("a", "bc"));
    expect(sampler.log.some(({ kind }) => kind === "prefill" || kind === "fork")).toBe(false);
  });

  test("a batch larger than the sampler is taken in as places are freed", async () => {
    const sampler = new ScriptedSampler(noisy, { capacity: 5 });
    let most = 0;
    const groups = await run(sampler, prompts("a", "b", "c", "d", "e"), {
      samples: 2,
      tools: [codeInterpreter(echo)],
      onRollout: () => (most = Math.max(most, sampler.openSequences)),
    });
    expect(groups.flat()).toHaveLength(10);
    expect(most).toBeLessThanOrEqual(4);
    expect(sampler.openSequences).toBe(0);
  });

  test("a group that ends makes room while another still runs", async () => {
    const sampler = new ScriptedSampler(byPrompt({ slow: [turn("x".repeat(50), EOS)], fast: [[EOS]], next: [[EOS]] }), { capacity: 2 });
    const ended: string[] = [];
    await run(sampler, prompts("slow", "fast", "next"), { onRollout: (_, __, { problemId }) => ended.push(problemId) });
    expect(ended).toEqual(["fast", "next", "slow"]);
  });

  test("a group that does not fit is a clear error", async () => {
    const sampler = new ScriptedSampler(play([EOS]), { capacity: 3 });
    await expect(run(sampler, prompts("a"), { samples: 4 })).rejects.toMatchObject({
      code: "SAMPLER_TOO_SMALL",
      message: "rolloutBatch: a group of 4 does not fit a sampler with 3 free sequences",
    });
    expect(sampler.openSequences).toBe(0);
  });
});

test("rows go on decoding while one waits for a slow tool", async () => {
  const sampler = new ScriptedSampler(byPrompt({ waits: [call("1"), answer("1")], writes: [turn("x".repeat(30), EOS)] }));
  let resume = (): void => {};
  const slow = new FakeCodeRunner(async () => {
    await new Promise<void>((resolve) => (resume = resolve));
    return { feedback: "1" };
  });
  const batch = run(sampler, prompts("waits", "writes"), { tools: [codeInterpreter(slow)] });
  const tokensOf = (order: number) => sampler.log.filter((entry) => entry.kind === "token" && entry.order === order).length;
  await until(() => slow.codes.length === 1);
  expect(tokensOf(1)).toBeLessThan(10);
  await until(() => tokensOf(1) === 31);
  expect(tokensOf(0)).toBe(3); // <code>, 1, </code>
  resume();
  const [[waits]] = (await batch) as [[Trajectory], [Trajectory]];
  expect(waits.stopReason).toBe("answered");
});

describe("failures", () => {
  const failing: Script = ({ sequence, index }) => {
    if (sequence === 1 && index === 3) throw new Error("device lost");
    return codec.encode("x")[0]!;
  };

  test("the first error is thrown once the others have ended and all sequences are closed", async () => {
    const sampler = new ScriptedSampler(failing);
    await expect(run(sampler, prompts("a", "b"), { samples: 3 })).rejects.toThrow("device lost");
    expect(sampler.openSequences).toBe(0);
    expect(sampler.turns.map(({ result }) => result.finish)).toEqual(["aborted", "aborted", "aborted", "aborted", "aborted"]);
  });

  test("groups that wait for a place are not begun", async () => {
    const sampler = new ScriptedSampler(failing, { capacity: 3 });
    await expect(run(sampler, prompts("a", "b", "c"), { samples: 3 })).rejects.toThrow("device lost");
    expect(sampler.log.filter(({ kind }) => kind === "open")).toHaveLength(1);
    expect(sampler.openSequences).toBe(0);
  });

  test("several failures at once throw the first and leave no rejection unhandled", async () => {
    const sampler = new ScriptedSampler(({ sequence }) => {
      throw new Error(`row ${sequence}`);
    });
    await expect(run(sampler, prompts("a", "b"), { samples: 2 })).rejects.toThrow("row 0");
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
    await expect(run(sampler, prompts("a", "b"), { tools: [codeInterpreter(waiting)] })).rejects.toThrow("device lost");
    expect(events).toEqual(["tool ended"]);
  });

  test("a prefill that fails closes what was opened and lets the others end", async () => {
    const sampler = new ScriptedSampler(byPrompt({ ab: [turn("x".repeat(20), EOS)], b: [[EOS]] }), { capacity: 2 });
    sampler.prefill = async ([sequence]) => {
      if (sampler.log.filter(({ kind }) => kind === "open").length === 2) throw new Error(`no memory for ${sequence}`);
    };
    await expect(run(sampler, prompts("ab", "b", "b"), { samples: 2 })).rejects.toThrow("no memory for");
    expect(sampler.openSequences).toBe(0);
  });

  test("a fork that fails closes what was opened", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const fork = sampler.fork.bind(sampler);
    sampler.fork = (sequence) => {
      if (sampler.openSequences === 3) throw new Error("no room");
      return fork(sequence);
    };
    await expect(run(sampler, prompts("a"), { samples: 4 })).rejects.toThrow("no room");
    expect(sampler.openSequences).toBe(0);
  });

  test("a callback that throws fails the batch", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const onRollout = () => {
      throw new Error("disk full");
    };
    await expect(run(sampler, prompts("a", "b"), { samples: 2, onRollout })).rejects.toThrow("disk full");
    expect(sampler.openSequences).toBe(0);
  });

  test("a tool that breaks the rule and rejects fails the batch", async () => {
    const tool = { ...codeInterpreter(echo), call: () => Promise.reject(new Error("not mine")) };
    const sampler = new ScriptedSampler(play(call("1")));
    await expect(run(sampler, prompts("a"), { samples: 2, tools: [tool] })).rejects.toThrow("not mine");
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
    const [group] = await run(sampler, prompts("a"), { samples: 3, tools: [tool] });
    expect(group!.map(({ stopReason }) => stopReason)).toEqual(["answered", "toolFailed", "answered"]);
  });
});

describe("abort", () => {
  test("gives a trajectory for every rollout, as far as it got", async () => {
    const controller = new AbortController();
    const sampler = new ScriptedSampler(
      byPrompt({ done: [[EOS]], writes: [turn("x".repeat(1_000), EOS)], waits: [turn("x".repeat(1_000), EOS)] }),
      { capacity: 4 },
    );
    const groups = await run(sampler, prompts("done", "writes", "waits"), {
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
    const groups = await run(sampler, prompts("a", "b"), { samples: 2, signal: AbortSignal.abort() });
    expect(groups.flat().map(({ stopReason }) => stopReason)).toEqual(["aborted", "aborted", "aborted", "aborted"]);
    expect(sampler.log.some(({ kind }) => kind === "prefill" || kind === "token")).toBe(false);
    expect(sampler.openSequences).toBe(0);
  });
});

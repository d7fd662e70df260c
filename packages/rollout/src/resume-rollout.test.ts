import { describe, expect, test } from "vitest";
import { z } from "zod";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { budgets, prompts, runBatch } from "../test/rollout-options.js";
import { codec, EOS } from "../test/scripted-codec.js";
import { ScriptedSampler, type Script } from "../test/scripted-sampler.js";
import { cacheToolResults } from "./tool-cache.js";
import { codeInterpreter } from "./code-interpreter.js";
import { MemoryJournal } from "./memory-journal.js";
import { journaledTools } from "./resume-rollout.js";
import type { RolloutJournal } from "./rollout-journal.js";
import { defineTool, type Tool } from "./tool.js";

/** Turns of up to 80 letters that end with a call, and now and then an end: all by the noise alone. */
const noisy: Script = ({ noise, index }) => {
  if (index > 0 && noise < 0.02) return EOS;
  if (index > 4 && noise < 0.06) return codec.encode("</code>")[0]!;
  const vocabulary = [...codec.encode("abcdefgh"), codec.encode("<code>")[0]!];
  return vocabulary[Math.floor(noise * vocabulary.length)]!;
};

const batch = prompts("one", "two", "three");

function interpreter() {
  return new FakeCodeRunner((code) => ({ feedback: `[${code.length}]` }));
}

interface Attempt {
  readonly journal?: RolloutJournal;
  readonly tools: readonly Tool[];
  /** Tokens after which the batch is interrupted. */
  readonly stopAfter?: number;
}

async function attempt({ journal, tools, stopAfter = Infinity }: Attempt) {
  const controller = new AbortController();
  let tokens = 0;
  const sampler = new ScriptedSampler((state) => {
    if (tokens++ === stopAfter) controller.abort();
    return noisy(state);
  });
  const cache = cacheToolResults(journal === undefined ? tools : journaledTools(tools, journal));
  const groups = await runBatch(sampler, batch, {
    samples: 3,
    tools: cache.tools,
    budgets: budgets({ maxResponseTokens: 150, maxTurnTokens: 150, maxTurns: 6, maxToolCalls: 5 }),
    signal: controller.signal,
    ...(journal && { journal }),
  });
  return { groups, tokens, calls: cache.stats, prefills: sampler.log.filter(({ kind }) => kind === "prefill").length };
}

/** A journal that forgets everything after so many additions, as one whose process was killed. */
function killedAfter(additions: number): { readonly journal: RolloutJournal; readonly kept: MemoryJournal } {
  const kept = new MemoryJournal();
  let done = 0;
  return {
    kept,
    journal: {
      turn: (...args) => kept.turn(...args),
      outcome: (...args) => kept.outcome(...args),
      addTokens: (...args) => void (done++ < additions && kept.addTokens(...args)),
      addOutcome: (...args) => void (done++ < additions && kept.addOutcome(...args)),
    },
  };
}

describe("a batch that was interrupted", () => {
  const tools = () => [{ ...codeInterpreter(interpreter()), pure: true }];

  test("goes on where it was after any token, and samples no token twice", async () => {
    const whole = await attempt({ tools: tools() });
    expect(whole.calls.calls).toBeGreaterThan(5);
    for (const share of [0, 0.01, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9]) {
      const stopAfter = Math.floor(share * whole.tokens);
      const journal = new MemoryJournal();
      const first = await attempt({ journal, tools: tools(), stopAfter });
      expect(first.groups.flat().some(({ stopReason }) => stopReason === "aborted")).toBe(true);
      const second = await attempt({ journal, tools: tools() });
      expect(second.groups).toEqual(whole.groups);
      expect(second.calls).toEqual(whole.calls);
      expect(first.tokens + second.tokens).toBe(whole.tokens);
    }
  });

  test("ends the same when it was killed between any two writes, having lost few tokens a rollout", async () => {
    const whole = await attempt({ tools: tools() });
    for (const additions of [0, 1, 2, 5, 9, 14, 20, 30, 45]) {
      const { journal, kept } = killedAfter(additions);
      await attempt({ journal, tools: tools() });
      const again = await attempt({ journal: kept, tools: tools() });
      expect(again.groups).toEqual(whole.groups);
      expect(again.tokens).toBeLessThanOrEqual(whole.tokens);
    }
  });

  test("samples nothing and runs nothing when all of it was done, nor are prompts computed", async () => {
    const journal = new MemoryJournal();
    const whole = await attempt({ journal, tools: tools() });
    const runner = interpreter();
    const again = await attempt({ journal, tools: [{ ...codeInterpreter(runner), pure: true }] });
    expect(again.groups).toEqual(whole.groups);
    expect([again.tokens, again.prefills, runner.codes.length]).toEqual([0, 0, 0]);
  });

  test("may be interrupted again and again", async () => {
    const whole = await attempt({ tools: tools() });
    const journal = new MemoryJournal();
    let sampled = 0;
    for (let i = 0; i < 10; i++) sampled += (await attempt({ journal, tools: tools(), stopAfter: 45 })).tokens;
    const last = await attempt({ journal, tools: tools() });
    expect(last.groups).toEqual(whole.groups);
    expect(sampled + last.tokens).toBe(whole.tokens);
  });
});

describe("tools", () => {
  test("one whose results differ each time is not asked again for what it said", async () => {
    let calls = 0;
    const counter = defineTool({
      name: "code_interpreter",
      description: "",
      input: z.unknown(),
      execute: async () => ({ text: `call ${calls++}`, status: "ok" }),
    });
    const journal = new MemoryJournal();
    const first = await attempt({ journal, tools: [counter], stopAfter: 400 });
    const before = calls;
    const second = await attempt({ journal, tools: [counter] });
    expect(before).toBeGreaterThan(3);
    first.groups.flat().forEach((trajectory, i) => {
      const done = trajectory.toolCalls.map(({ result }) => result);
      expect(
        second.groups
          .flat()
          [i]!.toolCalls.map(({ result }) => result)
          .slice(0, done.length),
      ).toEqual(done);
    });
    expect(calls).toBe(second.groups.flat().flatMap(({ toolCalls }) => toolCalls).length);
  });

  test("tokens that do not go on from what is kept are left out", () => {
    const journal = new MemoryJournal();
    const key = { problemId: "p", sampleIndex: 0 };
    const place = { turn: 0, position: 3, digest: 7 };
    const add = (from: number, tokenIds: number[], digest = 7) =>
      journal.addTokens(key, { ...place, digest }, from, { tokenIds, logProbs: tokenIds.map(() => -1) });
    add(0, [1, 2]);
    add(2, [9], 8); // behind other text
    add(1, [9]); // and with a gap or an overlap
    add(3, [9]);
    add(2, [3]);
    expect(journal.turn(key, 0)).toMatchObject({ tokenIds: [1, 2, 3], logProbs: [-1, -1, -1], digest: 7 });
    add(0, [5], 8);
    expect(journal.turn(key, 0)).toMatchObject({ tokenIds: [5], digest: 8 });
  });

  test("a result that came of the clock or of a failing machine is kept for its own rollout alone", () => {
    const journal = new MemoryJournal();
    const call = { callIndex: 0, tool: "t", input: "{}" };
    const asked = (sampleIndex: number) => journal.outcome({ problemId: "p", sampleIndex }, call, { pure: true })?.status;
    for (const status of ["timeout", "killed", "infra"] as const) {
      journal.addOutcome({ problemId: "p", sampleIndex: 0 }, { ...call, outcome: { text: "", status } });
      expect([asked(0), asked(1)]).toEqual([status, undefined]);
    }
    journal.addOutcome({ problemId: "p", sampleIndex: 0 }, { ...call, outcome: { text: "", status: "fuel" } });
    expect([asked(0), asked(1)]).toEqual(["fuel", "fuel"]);
  });

  test("one with a state runs again; where it says something else, what came after is sampled anew", async () => {
    let opened = 0;
    const stateful = (letter: string): Tool => ({
      ...codeInterpreter(interpreter()),
      begin() {
        opened++;
        let said = 0;
        return { call: async () => ({ text: `${letter}${said++}`, status: "ok" }), close: async () => {} };
      },
    });
    const journal = new MemoryJournal();
    const whole = await attempt({ journal, tools: [stateful("a")] });
    const same = await attempt({ journal, tools: [stateful("a")] });
    expect(same.groups).toEqual(whole.groups);
    expect([same.tokens, opened]).toEqual([0, 18]);
    const other = await attempt({ journal, tools: [stateful("b")] });
    expect(other.tokens).toBeGreaterThan(whole.tokens / 4);
    expect(other.groups).toEqual((await attempt({ tools: [stateful("b")] })).groups);
    expect(other.groups).not.toEqual(whole.groups);
  });
});

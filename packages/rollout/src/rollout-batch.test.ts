import { streamKey, uniformAt } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { FakeCodeRunner } from "../test/fake-code-runner.js";
import { answer, call, prompts, runBatch, until } from "../test/rollout-options.js";
import { codec, EOS, turn } from "../test/scripted-codec.js";
import { play, playByPrompt, ScriptedSampler, type Script } from "../test/scripted-sampler.js";
import { codeInterpreter } from "./code-interpreter.js";
import type { RolloutBatchOptions } from "./rollout-batch.js";
import { responseText, type Trajectory } from "./trajectory.js";

/** Letters and now and then a call or an end, all by the noise alone. */
const noisy: Script = ({ noise, index }) => {
  if (index > 0 && noise < 0.1) return EOS;
  const vocabulary = [...codec.encode("abcdefgh"), ...codec.encode("<code></code>")];
  return vocabulary[Math.floor(noise * vocabulary.length)]!;
};

const echo = new FakeCodeRunner((code) => ({ feedback: code }));

describe("results", () => {
  test("groups come in the order given, whatever order they end in", async () => {
    const sampler = new ScriptedSampler(
      playByPrompt({ slow: [turn("x".repeat(40), EOS)], fast: [[EOS]], medium: [turn("x".repeat(9), EOS)] }),
    );
    const ended: string[] = [];
    const groups = await runBatch(sampler, prompts("slow", "fast", "medium"), {
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
    expect(await runBatch(new ScriptedSampler(play()), [])).toEqual([]);
  });

  test("two problems with one id keep apart", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    const groups = await runBatch(sampler, [...prompts("same"), ...prompts("same")], { samples: 2 });
    expect(groups.map((group) => group.length)).toEqual([2, 2]);
  });

  test("a prompt that fills the sampler ends as contextFull and harms no other", async () => {
    const sampler = new ScriptedSampler(play([EOS]), { maxLength: 6 });
    const [long, short] = await runBatch(sampler, prompts("a long prompt", "ok"), { samples: 2 });
    expect(long!.map(({ stopReason }) => stopReason)).toEqual(["contextFull", "contextFull"]);
    expect(short!.map(({ stopReason }) => stopReason)).toEqual(["eos", "eos"]);
    expect(sampler.log).toContainEqual({ kind: "prefill", orders: [1] });
  });

  test.each([0, -1, 1.5, Number.NaN])("%s samples are refused", async (samples) => {
    await expect(runBatch(new ScriptedSampler(play()), prompts("a"), { samples })).rejects.toThrow(
      "samples: expected a whole number from 1",
    );
  });
});

describe("noise", () => {
  const batch = prompts("one", "two", "three");
  const options = { samples: 3, tools: [codeInterpreter(echo)], seed: 5 };

  test("a rollout is the same alone, in a batch and in another order", async () => {
    const together = await runBatch(new ScriptedSampler(noisy), batch, options);
    const reversed = await runBatch(new ScriptedSampler(noisy), batch.toReversed(), options);
    const narrow = await runBatch(new ScriptedSampler(noisy, { capacity: 3 }), batch, options);
    expect(reversed.toReversed()).toEqual(together);
    expect(narrow).toEqual(together);
    for (const [i, prompt] of batch.entries()) {
      expect(await runBatch(new ScriptedSampler(noisy), [prompt], options)).toEqual([together[i]]);
    }
    expect(await runBatch(new ScriptedSampler(noisy), batch, { ...options, samples: 1 })).toEqual(together.map((group) => [group[0]]));
  });

  test("seed, step, problem and sample each change it", async () => {
    const text = async (overrides: Partial<RolloutBatchOptions>, problemId = "one") =>
      (await runBatch(new ScriptedSampler(noisy), [{ problemId, promptIds: codec.encode("one") }], { ...options, ...overrides }))[0]!.map(
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
    await runBatch(new ScriptedSampler(script), prompts("one"), { ...options, step: 7, samples: 2 });
    expect(drawn).toEqual([0, 1].map((sample) => uniformAt(streamKey(5, ["rollout", 7, "one", sample]), 3)));
  });
});

describe("the sampler's places", () => {
  test("a prompt is computed once for its group", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    await runBatch(sampler, prompts("a", "bc"), { samples: 4 });
    expect(sampler.log.filter(({ kind }) => kind === "open")).toEqual([
      { kind: "open", order: 0, tokens: 1 },
      { kind: "open", order: 1, tokens: 2 },
    ]);
    expect(sampler.log.filter(({ kind }) => kind === "prefill")).toEqual([{ kind: "prefill", orders: [0, 1] }]);
    expect(sampler.log.filter(({ kind }) => kind === "fork")).toHaveLength(6);
  });

  test("one sample a problem needs no prefill of its own", async () => {
    const sampler = new ScriptedSampler(play([EOS]));
    await runBatch(sampler, prompts("a", "bc"));
    expect(sampler.log.some(({ kind }) => kind === "prefill" || kind === "fork")).toBe(false);
  });

  test("a batch larger than the sampler is taken in as places are freed", async () => {
    const sampler = new ScriptedSampler(noisy, { capacity: 5 });
    let most = 0;
    const groups = await runBatch(sampler, prompts("a", "b", "c", "d", "e"), {
      samples: 2,
      tools: [codeInterpreter(echo)],
      onRollout: () => (most = Math.max(most, sampler.openSequences)),
    });
    expect(groups.flat()).toHaveLength(10);
    expect(most).toBeLessThanOrEqual(4);
    expect(sampler.openSequences).toBe(0);
  });

  test("a group that ends makes room while another still runs", async () => {
    const sampler = new ScriptedSampler(playByPrompt({ slow: [turn("x".repeat(50), EOS)], fast: [[EOS]], next: [[EOS]] }), { capacity: 2 });
    const ended: string[] = [];
    await runBatch(sampler, prompts("slow", "fast", "next"), { onRollout: (_, __, { problemId }) => ended.push(problemId) });
    expect(ended).toEqual(["fast", "next", "slow"]);
  });

  test("a group that does not fit is a clear error", async () => {
    const sampler = new ScriptedSampler(play([EOS]), { capacity: 3 });
    await expect(runBatch(sampler, prompts("a"), { samples: 4 })).rejects.toMatchObject({
      code: "SAMPLER_TOO_SMALL",
      message: "rolloutBatch: a group of 4 does not fit a sampler with 3 free sequences",
    });
    expect(sampler.openSequences).toBe(0);
  });
});

test("rows go on decoding while one waits for a slow tool", async () => {
  const sampler = new ScriptedSampler(playByPrompt({ waits: [call("1"), answer("1")], writes: [turn("x".repeat(30), EOS)] }));
  let resume = (): void => {};
  const slow = new FakeCodeRunner(async () => {
    await new Promise<void>((resolve) => (resume = resolve));
    return { feedback: "1" };
  });
  const batch = runBatch(sampler, prompts("waits", "writes"), { tools: [codeInterpreter(slow)] });
  const tokensOf = (order: number) => sampler.log.filter((entry) => entry.kind === "token" && entry.order === order).length;
  await until(() => slow.codes.length === 1);
  expect(tokensOf(1)).toBeLessThan(10);
  await until(() => tokensOf(1) === 31);
  expect(tokensOf(0)).toBe(3); // <code>, 1, </code>
  resume();
  const [[waits]] = (await batch) as [[Trajectory], [Trajectory]];
  expect(waits.stopReason).toBe("answered");
});

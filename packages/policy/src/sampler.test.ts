import { RetoolError, streamKey, uniformAt } from "@retool-ts/core";
import { beforeEach, describe, expect, test } from "vitest";
import { NATIVE, TEST_BACKENDS } from "../test/backends.js";
import { ADAMW, TINY } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import type { DecodeRequest, DecodeResult, SamplerOptions } from "./decode-request.js";
import { LocalEngine } from "./local-engine.js";
import { Parameters } from "./parameters.js";
import type { LocalSampler } from "./sampler.js";

const letters = "abcdefghijklmnopqrstuvwxyz<>/";
const OPTIONS: SamplerOptions = {
  maxSequences: 8,
  maxLength: 96,
  vocabSize: 29,
  textStream: () => ({ push: (id) => letters[id]! }),
};
const request = (seed: number, maxTokens: number, more: Partial<DecodeRequest> = {}): DecodeRequest => {
  const key = streamKey(seed, ["decode"]);
  return { temperature: 1, topP: 1, topK: 0, maxTokens, uniform: (position) => uniformAt(key, position), ...more };
};
const PROMPTS = [[3], [1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7], [4, 4, 4, 4, 4, 4]];

describe.each(TEST_BACKENDS)("LocalSampler on %s", (backend) => {
  let parameters: Parameters;
  let engine: LocalEngine;
  let sampler: LocalSampler;

  beforeEach(async () => {
    await useBackend(backend);
    parameters = Parameters.initialize(TINY, { seed: 11, embeddingStd: 0.2 });
    engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 1000 });
    sampler = engine.createSampler(OPTIONS);
    return () => {
      sampler.dispose();
      engine.dispose();
      parameters.dispose();
    };
  });

  /** Opens, decodes and closes. */
  async function once(prompt: readonly number[], decode: DecodeRequest) {
    const id = sampler.open(prompt);
    try {
      return await sampler.decode(id, decode);
    } finally {
      sampler.close(id);
    }
  }

  async function trainerLogProbs(prompt: readonly number[], sampled: readonly number[], temperature = 1): Promise<number[]> {
    const tokenIds = [...prompt, ...sampled];
    const [row] = await engine.logProbs([{ tokenIds, lossMask: tokenIds.map(() => 1) }], { temperature });
    return [...row!.subarray(prompt.length)];
  }

  function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
    expect(actual.length).toBe(expected.length);
    actual.forEach((value, i) => expect(Math.abs(value - expected[i]!), `place ${i}`).toBeLessThan(tolerance));
  }

  test("log-probabilities with the cache are those of the whole forward pass", async () => {
    for (const temperature of [1, 0.6]) {
      for (const [i, prompt] of PROMPTS.entries()) {
        const { tokenIds, logProbs, finish } = await once(prompt, request(i, 40, { temperature }));
        expect(finish).toBe("length");
        expectClose(logProbs, await trainerLogProbs(prompt, tokenIds, temperature), 2e-5);
      }
    }
  });

  test("a sliding window hides the same tokens with the cache as in the whole forward pass", async () => {
    const windowed = Parameters.initialize({ ...TINY, slidingWindow: { size: 3, firstLayer: 1 } }, { seed: 11, embeddingStd: 0.2 });
    const other = new LocalEngine(windowed, { optimizer: ADAMW, maxTokensPerMicroBatch: 1000 });
    const cached = other.createSampler(OPTIONS);
    const prompt = PROMPTS[0]!;
    const { tokenIds, logProbs } = await cached.decode(cached.open(prompt), request(0, 12));
    const all = [...prompt, ...tokenIds];
    const [row] = await other.logProbs([{ tokenIds: all, lossMask: all.map(() => 1) }]);
    expectClose(logProbs, [...row!.subarray(prompt.length)], 2e-5);
    const without = await trainerLogProbs(prompt, tokenIds);
    expect(Math.max(...logProbs.map((value, i) => Math.abs(value - without[i]!)))).toBeGreaterThan(1e-3);
    cached.dispose();
    other.dispose();
    windowed.dispose();
  });

  /** To the bit where sums do not depend on the shape of a batch. */
  function expectSame(actual: DecodeResult, expected: DecodeResult): void {
    if (backend === NATIVE) expectClose(actual.logProbs, expected.logProbs, 1e-5);
    expect(backend === NATIVE ? { ...actual, logProbs: expected.logProbs } : actual).toEqual(expected);
  }

  test("what a sequence gets does not depend on the others, nor on when they begin", async () => {
    const alone = [];
    for (const [i, prompt] of PROMPTS.entries()) alone.push(await once(prompt, request(i, 20 + i)));
    const together = await Promise.all(PROMPTS.map((prompt, i) => once(prompt, request(i, 20 + i))));
    const first = once(PROMPTS[0]!, request(0, 20));
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    const staggered = await Promise.all([first, ...PROMPTS.slice(1).map((prompt, i) => once(prompt, request(i + 1, 21 + i)))]);
    for (const [i, result] of alone.entries()) {
      for (const other of [together[i]!, staggered[i]!]) {
        expect(other.tokenIds).toEqual(result.tokenIds);
        if (backend === "wasm") expect(other.logProbs).toEqual(result.logProbs);
        else expectClose(other.logProbs, result.logProbs, 1e-5);
      }
    }
  });

  test("a decode that begins the moment another ends gets its own logits", async () => {
    const expected = await once([5, 6], request(9, 6));
    const [long, short, next] = [sampler.open([1, 2]), sampler.open([3, 4]), sampler.open([5, 6])];
    const others = sampler.decode(long, request(1, 20));
    // the budget ends while the long one's next logits are under way
    const result = await sampler.decode(short, request(2, 3)).then(() => sampler.decode(next, request(9, 6)));
    expect(result.tokenIds).toEqual(expected.tokenIds);
    expectClose(result.logProbs, expected.logProbs, 1e-5);
    expect((await others).tokenIds.length).toBe(20);
  });

  test("a fork continues like a fresh sequence with the same tokens", async () => {
    const prompt = PROMPTS[1]!;
    const fresh = [await once(prompt, request(1, 12)), await once(prompt, request(2, 12))];
    const first = sampler.open(prompt);
    await sampler.prefill([first]);
    const before = sampler.stats.prefilledTokens;
    const second = sampler.fork(first);
    expect(sampler.stats.prefilledTokens).toBe(before);
    const forked = await Promise.all([sampler.decode(first, request(1, 12)), sampler.decode(second, request(2, 12))]);
    forked.forEach(({ tokenIds, logProbs }, i) => {
      expect(tokenIds).toEqual(fresh[i]!.tokenIds);
      expectClose(logProbs, fresh[i]!.logProbs, 1e-5);
    });
    // a fork in the middle of a sequence, after sampling
    const third = sampler.fork(first);
    const [a, b] = [await sampler.decode(third, request(3, 5)), await sampler.decode(first, request(3, 5))];
    expect(a.tokenIds).toEqual(b.tokenIds);
  });

  test("forced tokens in the middle (a tool's output) are taken in as in one whole pass", async () => {
    const prompt = PROMPTS[1]!;
    const tool = [27, 20, 20, 3, 28];
    const id = sampler.open(prompt);
    const before = await sampler.decode(id, request(1, 7));
    sampler.extend(id, tool);
    expect(sampler.length(id)).toBe(prompt.length + 7 + tool.length);
    const after = await sampler.decode(id, request(1, 9));
    const context = [...prompt, ...before.tokenIds, ...tool];
    expectClose(after.logProbs, await trainerLogProbs(context, after.tokenIds), 2e-5);
  });

  test("without reuse of the cache the same tokens come, and the sequence is computed again at each extension", async () => {
    const prompt = PROMPTS[1]!;
    const tool = [27, 20, 20, 3, 28];
    const run = async (reuseCache: boolean) => {
      const own = engine.createSampler({ ...OPTIONS, reuseCache });
      try {
        const first = own.open(prompt);
        await own.prefill([first]);
        const results = [];
        for (const [i, id] of [first, own.fork(first)].entries()) {
          results.push(await own.decode(id, request(i, 7)));
          own.extend(id, tool.slice(0, 2));
          own.extend(id, tool.slice(2));
          results.push(await own.decode(id, request(i + 5, 9)));
        }
        return { results, ...own.stats };
      } finally {
        own.dispose();
      }
    };
    const [kept, again] = [await run(true), await run(false)];
    expect(again.results.map(({ tokenIds }) => tokenIds)).toEqual(kept.results.map(({ tokenIds }) => tokenIds));
    kept.results.forEach(({ logProbs }, i) => expectClose(again.results[i]!.logProbs, logProbs, 2e-5));
    // each of the two computes the prompt and all but the last of the 7 sampled tokens once more
    expect(again.prefilledTokens - kept.prefilledTokens).toBe(2 * (prompt.length + 6));
  });

  test("stops at an id, which is kept", async () => {
    const { tokenIds } = await once([2, 3], request(5, 30));
    const stop = tokenIds[6]!;
    const place = tokenIds.indexOf(stop);
    const stopped = await once([2, 3], request(5, 30, { stopTokenIds: [stop] }));
    expect(stopped).toMatchObject({ tokenIds: tokenIds.slice(0, place + 1), finish: "stop" });
    expect(stopped.stopString).toBeUndefined();
  });

  test("stops at a string that ends inside a token; the token is kept", async () => {
    const { tokenIds } = await once([2, 3], request(5, 30));
    const wide = engine.createSampler({ ...OPTIONS, textStream: () => ({ push: (id) => `[${letters[id]!}]` }) });
    try {
      const stopString = `${letters[tokenIds[3]!]!}][${letters[tokenIds[4]!]!}`;
      const id = wide.open([2, 3]);
      const result = await wide.decode(id, request(5, 30, { stopStrings: ["nowhere", stopString] }));
      expect(result).toMatchObject({ tokenIds: tokenIds.slice(0, 5), finish: "stop", stopString });
      // the next decode begins with no memory of the text before
      const next = await wide.decode(id, request(5, 3, { stopStrings: [stopString] }));
      expect(next.finish).toBe("length");
    } finally {
      wide.dispose();
    }
  });

  test("ends as full at the longest length, and a prompt beyond it is full at once", async () => {
    const short = engine.createSampler({ ...OPTIONS, maxLength: 10 });
    try {
      const id = short.open(PROMPTS[3]!);
      expect(await short.decode(id, request(1, 50))).toMatchObject({ finish: "full", tokenIds: { length: 4 } });
      expect(await short.decode(id, request(1, 50))).toMatchObject({ finish: "full", tokenIds: [] });
      const long = short.open(Array.from({ length: 40 }, () => 1));
      await short.prefill([long]);
      expect(await short.decode(long, request(1, 50))).toMatchObject({ finish: "full", tokenIds: [] });
    } finally {
      short.dispose();
    }
  });

  test("a decode goes on where an interrupted one ended, at any token and in another sampler, to the bit", async () => {
    const decode = request(3, 40);
    const whole = await once(PROMPTS[1]!, decode);
    const other = engine.createSampler(OPTIONS);
    try {
      for (const kept of [1, 7, 39, 40]) {
        const given: [number, number][] = [];
        const begun = { tokenIds: whole.tokenIds.slice(0, kept), logProbs: whole.logProbs.slice(0, kept) };
        const id = other.open(PROMPTS[1]!);
        const rest = await other.decode(id, { ...decode, begun, onToken: (...token) => given.push(token) });
        expectSame(rest, whole);
        expect(given).toEqual(whole.tokenIds.slice(kept).map((tokenId, i) => [tokenId, rest.logProbs[kept + i]]));
        other.close(id);
      }
    } finally {
      other.dispose();
    }
  });

  test("what was given before completes a stop string, alone or with what comes", async () => {
    const decode = request(3, 40);
    const { tokenIds, logProbs } = await once(PROMPTS[1]!, decode);
    const stopString = tokenIds
      .slice(5, 8)
      .map((tokenId) => letters[tokenId])
      .join("");
    const stopped = await once(PROMPTS[1]!, { ...decode, stopStrings: [stopString] });
    expect(stopped.stopString).toBe(stopString);
    for (const kept of [6, stopped.tokenIds.length]) {
      const begun = { tokenIds: tokenIds.slice(0, kept), logProbs: logProbs.slice(0, kept) };
      expectSame(await once(PROMPTS[1]!, { ...decode, stopStrings: [stopString], begun }), stopped);
    }
  });

  test("long prompts are taken in by several passes, to the same bits", async () => {
    const long = PROMPTS.map((prompt, i) => Array.from({ length: 20 + 9 * i }, (_, t) => prompt[t % prompt.length]!));
    const decodeAll = async (options: Partial<SamplerOptions>) => {
      const own = engine.createSampler({ ...OPTIONS, ...options });
      const ids = long.map((prompt) => own.open(prompt));
      await own.prefill(ids.slice(0, 1));
      const results = await Promise.all(ids.map((id, i) => own.decode(id, request(i, 6))));
      const { stats } = own;
      own.dispose();
      return { results, stats };
    };
    const whole = await decodeAll({});
    const parts = await decodeAll({ maxPrefillTokens: 10 });
    whole.results.forEach((result, i) => expectSame(parts.results[i]!, result));
    expect(parts.stats.forwardPasses).toBeGreaterThan(whole.stats.forwardPasses + 8);
    expect(parts.stats.prefilledTokens).toBe(whole.stats.prefilledTokens);
  });

  test("a long sequence and a long prompt go together when each alone fits the model's positions", async () => {
    const own = engine.createSampler({ ...OPTIONS, maxLength: TINY.maxPositions });
    const [prompt, tool] = [Array.from({ length: 90 }, (_, i) => i % 29), Array.from({ length: 70 }, (_, i) => (3 * i) % 29)];
    try {
      const [grown, fresh] = [own.open(prompt), own.open(tool)];
      await own.prefill([grown]);
      const results = await Promise.all([own.decode(grown, request(1, 5)), own.decode(fresh, request(2, 5))]);
      expect(results.map(({ finish }) => finish)).toEqual(["length", "length"]);
      expectClose(results[0]!.logProbs, await trainerLogProbs(prompt, results[0]!.tokenIds), 2e-5);
    } finally {
      own.dispose();
    }
  });

  test("a forward pass that fails ends all decodes with its error, leaves no tensors, and can be tried again", async () => {
    const expected = await once([7], request(3, 5));
    const id = sampler.open([7]);
    const { forwardCached } = engine.model;
    engine.model.forwardCached = () => {
      throw new Error("no memory");
    };
    const other = sampler.open([6]);
    const failed = await Promise.allSettled([sampler.decode(id, request(3, 5)), sampler.decode(other, request(3, 5))]);
    engine.model.forwardCached = forwardCached;
    expect(failed.map((each) => each.status === "rejected" && String(each.reason))).toEqual(["Error: no memory", "Error: no memory"]);
    expect((await sampler.decode(id, request(3, 5))).tokenIds).toEqual(expected.tokenIds);
  });

  test("an abort ends one decode and leaves the others alone", async () => {
    const expected = await once([7], request(3, 15));
    const controller = new AbortController();
    const aborted = once(
      [6],
      request(2, 60, { signal: controller.signal, uniform: (position) => (position > 5 && controller.abort(), 0.5) }),
    );
    const other = await once([7], request(3, 15));
    expect(other.tokenIds).toEqual(expected.tokenIds);
    const result = await aborted;
    expect(result.finish).toBe("aborted");
    expect(result.tokenIds.length).toBeLessThan(10);
  });

  test("closing a sequence ends its decode and frees its place", async () => {
    const id = sampler.open([5]);
    const running = sampler.decode(id, request(1, 60));
    for (let i = 0; i < 4; i++) await new Promise(setImmediate);
    sampler.close(id);
    expect((await running).finish).toBe("aborted");
    expect(sampler.available).toBe(8);
  });

  test("temperature 0 ignores the random numbers; ids beyond the vocabulary are never sampled", async () => {
    const greedy = await Promise.all([1, 2].map((seed) => once([3, 1], request(seed, 15, { temperature: 0 }))));
    expect(greedy[0]).toEqual(greedy[1]);
    const small = engine.createSampler({ ...OPTIONS, vocabSize: 5 });
    const { tokenIds } = await small.decode(small.open([1]), request(1, 60));
    small.dispose();
    expect(Math.max(...tokenIds)).toBe(4);
  });

  test("counts what it computes", async () => {
    const id = sampler.open(PROMPTS[1]!);
    await sampler.decode(id, request(1, 4));
    // the nine prompt tokens with the first pass; three sampled tokens with the next three
    expect(sampler.stats).toMatchObject({ sampledTokens: 4, forwardPasses: 4 });
    expect(sampler.stats.cacheBytes).toBeGreaterThan(0);
  });

  test("a mistake in an argument says which", async () => {
    const codes = (work: () => unknown) => {
      try {
        return work();
      } catch (error) {
        return RetoolError.isInstance(error) ? error.code : error;
      }
    };
    expect(codes(() => sampler.open([]))).toBe("EMPTY_PROMPT");
    expect(codes(() => sampler.open([29]))).toBe("TOKEN_OUT_OF_RANGE");
    expect(codes(() => sampler.length(99))).toBe("NO_SUCH_SEQUENCE");
    const ids = Array.from({ length: 8 }, () => sampler.open([1]));
    expect(codes(() => sampler.open([1]))).toBe("NO_FREE_SEQUENCE");
    expect(codes(() => sampler.fork(ids[0]!))).toBe("NO_FREE_SEQUENCE");
    expect(codes(() => sampler.extend(ids[0]!, [-1]))).toBe("TOKEN_OUT_OF_RANGE");
    const running = sampler.decode(ids[0]!, request(1, 2));
    expect(codes(() => sampler.decode(ids[0]!, request(1, 2)))).toBe("SEQUENCE_BUSY");
    expect(codes(() => sampler.extend(ids[0]!, [1]))).toBe("SEQUENCE_BUSY");
    await running;
    expect(() => engine.createSampler({ ...OPTIONS, vocabSize: 30 })).toThrow(/vocabSize: expected at most 29, .* found 30/);
    expect(() => engine.createSampler({ ...OPTIONS, maxLength: 129 })).toThrow(/maxLength: expected at most 128/);
  });
});

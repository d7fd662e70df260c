import { describe, expect, test, vi } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { expectClose, OPTIONS, PROMPTS, request, SamplerBench } from "../../test/sampler-bench.js";
import { ADAMW, TINY } from "../../test/tiny.js";
import type { LocalSamplerOptions } from "./decode-request.js";
import { LocalEngine } from "../local-engine.js";
import { Parameters } from "../parameters.js";
import { Transformer } from "../transformer.js";

describe.each(TEST_BACKENDS)("what LocalSampler gives on %s", (backend) => {
  let bench: SamplerBench;
  SamplerBench.beforeEach(backend, (made) => (bench = made));

  test("log-probabilities with the cache are those of the whole forward pass", async () => {
    for (const temperature of [1, 0.6]) {
      for (const [i, prompt] of PROMPTS.entries()) {
        const { tokenIds, logProbs, finish } = await bench.once(prompt, request(i, 40, { temperature }));
        expect(finish).toBe("length");
        expectClose(logProbs, await bench.trainerLogProbs(prompt, tokenIds, temperature), 2e-5);
      }
    }
  });

  test("a sliding window hides the same tokens with the cache as in the whole forward pass", async () => {
    const windowed = Parameters.initialize({ ...TINY, slidingWindow: { size: 3, firstLayer: 1 } }, { seed: 11, embeddingStd: 0.2 });
    const other = new LocalEngine(windowed, { optimizer: ADAMW, maxTokensPerMicroBatch: 1000 });
    const cached = await other.sampler(OPTIONS);
    const prompt = PROMPTS[0]!;
    const { tokenIds, logProbs } = await cached.decode(cached.open(prompt), request(0, 12));
    const all = [...prompt, ...tokenIds];
    const [row] = await other.logProbs([{ tokenIds: all, lossMask: all.map(() => 1) }]);
    expectClose(logProbs, [...row!.subarray(prompt.length)], 2e-5);
    const without = await bench.trainerLogProbs(prompt, tokenIds);
    expect(Math.max(...logProbs.map((value, i) => Math.abs(value - without[i]!)))).toBeGreaterThan(1e-3);
    cached.dispose();
    other.dispose();
    windowed.dispose();
  });

  test("what a sequence gets does not depend on the others, nor on when they begin", async () => {
    const alone = [];
    for (const [i, prompt] of PROMPTS.entries()) alone.push(await bench.once(prompt, request(i, 20 + i)));
    const together = await Promise.all(PROMPTS.map((prompt, i) => bench.once(prompt, request(i, 20 + i))));
    const first = bench.once(PROMPTS[0]!, request(0, 20));
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    const staggered = await Promise.all([first, ...PROMPTS.slice(1).map((prompt, i) => bench.once(prompt, request(i + 1, 21 + i)))]);
    for (const [i, result] of alone.entries()) {
      for (const other of [together[i]!, staggered[i]!]) {
        expect(other.tokenIds).toEqual(result.tokenIds);
        if (backend === "wasm") expect(other.logProbs).toEqual(result.logProbs);
        else expectClose(other.logProbs, result.logProbs, 1e-5);
      }
    }
  });

  test("a decode that begins the moment another ends gets its own logits", async () => {
    const expected = await bench.once([5, 6], request(9, 6));
    const [long, short, next] = [bench.sampler.open([1, 2]), bench.sampler.open([3, 4]), bench.sampler.open([5, 6])];
    const others = bench.sampler.decode(long, request(1, 20));
    // the budget ends while the long one's next logits are under way
    const result = await bench.sampler.decode(short, request(2, 3)).then(() => bench.sampler.decode(next, request(9, 6)));
    expect(result.tokenIds).toEqual(expected.tokenIds);
    expectClose(result.logProbs, expected.logProbs, 1e-5);
    expect((await others).tokenIds.length).toBe(20);
  });

  test("a fork continues like a fresh sequence with the same tokens", async () => {
    const prompt = PROMPTS[1]!;
    const fresh = [await bench.once(prompt, request(1, 12)), await bench.once(prompt, request(2, 12))];
    const first = bench.sampler.open(prompt);
    await bench.sampler.prefill([first]);
    const before = bench.sampler.stats.prefilledTokens;
    const second = bench.sampler.fork(first);
    expect(bench.sampler.stats.prefilledTokens).toBe(before);
    const forked = await Promise.all([bench.sampler.decode(first, request(1, 12)), bench.sampler.decode(second, request(2, 12))]);
    forked.forEach(({ tokenIds, logProbs }, i) => {
      expect(tokenIds).toEqual(fresh[i]!.tokenIds);
      expectClose(logProbs, fresh[i]!.logProbs, 1e-5);
    });
    // a fork in the middle of a sequence, after sampling
    const third = bench.sampler.fork(first);
    const [a, b] = [await bench.sampler.decode(third, request(3, 5)), await bench.sampler.decode(first, request(3, 5))];
    expect(a.tokenIds).toEqual(b.tokenIds);
  });

  test("a fork of a beginning continues like a fresh sequence with those tokens, with and without reuse of the cache", async () => {
    const prompt = PROMPTS[1]!;
    for (const reuseCache of [true, false]) {
      const own = await bench.engine.sampler({ ...OPTIONS, reuseCache });
      try {
        const whole = own.open(prompt);
        const { tokenIds } = await own.decode(whole, request(1, 12));
        const all = [...prompt, ...tokenIds];
        for (const length of [0, 1, 6, prompt.length + 5, all.length - 1, all.length]) {
          const fork = own.forkAt(whole, length);
          expect(own.length(fork)).toBe(length);
          own.extend(fork, [27, 20]);
          const forked = await own.decode(fork, request(4, 6));
          const fresh = await bench.once([...all.slice(0, length), 27, 20], request(4, 6));
          expect(forked.tokenIds).toEqual(fresh.tokenIds);
          expectClose(forked.logProbs, fresh.logProbs, 1e-5);
          own.close(fork);
        }
        for (const length of [-1, 1.5, all.length + 1])
          expect(() => own.forkAt(whole, length)).toThrow("forkAt: expected a length from 0 to");
      } finally {
        own.dispose();
      }
    }
  });

  test("forced tokens in the middle (a tool's output) are taken in as in one whole pass", async () => {
    const prompt = PROMPTS[1]!;
    const tool = [27, 20, 20, 3, 28];
    const id = bench.sampler.open(prompt);
    const before = await bench.sampler.decode(id, request(1, 7));
    bench.sampler.extend(id, tool);
    expect(bench.sampler.length(id)).toBe(prompt.length + 7 + tool.length);
    const after = await bench.sampler.decode(id, request(1, 9));
    const context = [...prompt, ...before.tokenIds, ...tool];
    expectClose(after.logProbs, await bench.trainerLogProbs(context, after.tokenIds), 2e-5);
  });

  test("without reuse of the cache the same tokens come, and the sequence is computed again at each extension", async () => {
    const prompt = PROMPTS[1]!;
    const tool = [27, 20, 20, 3, 28];
    const run = async (reuseCache: boolean) => {
      const own = await bench.engine.sampler({ ...OPTIONS, reuseCache });
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

  test("long prompts are taken in by several passes, to the same bits", async () => {
    const long = PROMPTS.map((prompt, i) => Array.from({ length: 20 + 9 * i }, (_, t) => prompt[t % prompt.length]!));
    const decodeAll = async (options: Partial<LocalSamplerOptions>) => {
      const own = await bench.engine.sampler({ ...OPTIONS, ...options });
      const ids = long.map((prompt) => own.open(prompt));
      await own.prefill(ids.slice(0, 1));
      const results = await Promise.all(ids.map((id, i) => own.decode(id, request(i, 6))));
      const { stats } = own;
      own.dispose();
      return { results, stats };
    };
    const whole = await decodeAll({});
    const parts = await decodeAll({ maxPrefillTokens: 10 });
    whole.results.forEach((result, i) => bench.expectSame(parts.results[i]!, result));
    expect(parts.stats.forwardPasses).toBeGreaterThan(whole.stats.forwardPasses + 8);
    expect(parts.stats.prefilledTokens).toBe(whole.stats.prefilledTokens);
  });

  test("no pass takes more tokens than asked for, and those before the last are full", async () => {
    const passes: number[] = [];
    const forwardCached = vi.spyOn(Transformer.prototype, "forwardCached");
    const own = await bench.engine.sampler({ ...OPTIONS, maxPrefillTokens: 7 });
    try {
      const ids = [10, 3, 12].map((length) => own.open(Array.from({ length }, (_, i) => i % 29)));
      await Promise.all(ids.map((id, i) => own.decode(id, request(i, 1))));
      for (const [, layout] of forwardCached.mock.calls) passes.push(layout.tokens);
      // all but the last token of each in passes of 7 (9 + 2 + 11 = 22), then what is left
      expect(passes).toEqual([7, 7, 7, 4]);
    } finally {
      forwardCached.mockRestore();
      own.dispose();
    }
  });

  test("more sequences than tokens of a pass are decoded together", async () => {
    const own = await bench.engine.sampler({ ...OPTIONS, maxPrefillTokens: 2 });
    try {
      const results = await Promise.all([0, 1, 2, 3, 4].map((i) => own.decode(own.open([i]), request(i, 3))));
      for (const [i, result] of results.entries()) bench.expectSame(result, await bench.once([i], request(i, 3)));
      expect(own.stats.forwardPasses).toBe(3);
    } finally {
      own.dispose();
    }
  });

  test("a long sequence and a long prompt go together when each alone fits the model's positions", async () => {
    const own = await bench.engine.sampler({ ...OPTIONS, maxLength: TINY.maxPositions });
    const [prompt, tool] = [Array.from({ length: 90 }, (_, i) => i % 29), Array.from({ length: 70 }, (_, i) => (3 * i) % 29)];
    try {
      const [grown, fresh] = [own.open(prompt), own.open(tool)];
      await own.prefill([grown]);
      const results = await Promise.all([own.decode(grown, request(1, 5)), own.decode(fresh, request(2, 5))]);
      expect(results.map(({ finish }) => finish)).toEqual(["length", "length"]);
      expectClose(results[0]!.logProbs, await bench.trainerLogProbs(prompt, results[0]!.tokenIds), 2e-5);
    } finally {
      own.dispose();
    }
  });

  test("temperature 0 ignores the random numbers; ids beyond the vocabulary are never sampled", async () => {
    const greedy = await Promise.all([1, 2].map((seed) => bench.once([3, 1], request(seed, 15, { temperature: 0 }))));
    expect(greedy[0]).toEqual(greedy[1]);
    const small = await bench.engine.sampler({ ...OPTIONS, vocabSize: 5 });
    const { tokenIds } = await small.decode(small.open([1]), request(1, 60));
    small.dispose();
    expect(Math.max(...tokenIds)).toBe(4);
  });

  test("counts what it computes", async () => {
    const id = bench.sampler.open(PROMPTS[1]!);
    await bench.sampler.decode(id, request(1, 4));
    // the nine prompt tokens with the first pass; three sampled tokens with the next three
    expect(bench.sampler.stats).toMatchObject({ sampledTokens: 4, forwardPasses: 4 });
    expect(bench.sampler.stats.cacheBytes).toBeGreaterThan(0);
  });
});

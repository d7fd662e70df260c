import { RetoolError } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { LETTERS, OPTIONS, PROMPTS, request, SamplerBench } from "../../test/sampler-bench.js";

describe.each(TEST_BACKENDS)("calls of LocalSampler on %s", (backend) => {
  let bench: SamplerBench;
  SamplerBench.beforeEach(backend, (made) => (bench = made));

  test("stops at an id, which is kept", async () => {
    const { tokenIds } = await bench.once([2, 3], request(5, 30));
    const stop = tokenIds[6]!;
    const place = tokenIds.indexOf(stop);
    const stopped = await bench.once([2, 3], request(5, 30, { stopTokenIds: [stop] }));
    expect(stopped).toMatchObject({ tokenIds: tokenIds.slice(0, place + 1), finish: "stop" });
    expect(stopped.stopString).toBeUndefined();
  });

  test("stops at a string that ends inside a token; the token is kept", async () => {
    const { tokenIds } = await bench.once([2, 3], request(5, 30));
    const wide = await bench.engine.sampler({ ...OPTIONS, textStream: () => ({ push: (id) => `[${LETTERS[id]!}]` }) });
    try {
      const stopString = `${LETTERS[tokenIds[3]!]!}][${LETTERS[tokenIds[4]!]!}`;
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
    const short = await bench.engine.sampler({ ...OPTIONS, maxLength: 10 });
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
    const whole = await bench.once(PROMPTS[1]!, decode);
    const other = await bench.engine.sampler(OPTIONS);
    try {
      for (const kept of [1, 7, 39, 40]) {
        const given: [number, number][] = [];
        const begun = { tokenIds: whole.tokenIds.slice(0, kept), logProbs: whole.logProbs.slice(0, kept) };
        const id = other.open(PROMPTS[1]!);
        const rest = await other.decode(id, { ...decode, begun, onToken: (tokenId, logProb) => given.push([tokenId, logProb]) });
        bench.expectSame(rest, whole);
        expect(given).toEqual(whole.tokenIds.slice(kept).map((tokenId, i) => [tokenId, rest.logProbs[kept + i]]));
        other.close(id);
      }
    } finally {
      other.dispose();
    }
  });

  test("what was given before completes a stop string, alone or with what comes", async () => {
    const decode = request(3, 40);
    const { tokenIds, logProbs } = await bench.once(PROMPTS[1]!, decode);
    const stopString = tokenIds
      .slice(5, 8)
      .map((tokenId) => LETTERS[tokenId])
      .join("");
    const stopped = await bench.once(PROMPTS[1]!, { ...decode, stopStrings: [stopString] });
    expect(stopped.stopString).toBe(stopString);
    for (const kept of [6, stopped.tokenIds.length]) {
      const begun = { tokenIds: tokenIds.slice(0, kept), logProbs: logProbs.slice(0, kept) };
      bench.expectSame(await bench.once(PROMPTS[1]!, { ...decode, stopStrings: [stopString], begun }), stopped);
    }
  });

  test("a forward pass that fails ends all decodes with its error, leaves no tensors, and can be tried again", async () => {
    const expected = await bench.once([7], request(3, 5));
    const id = bench.sampler.open([7]);
    const { forwardCached } = bench.engine.transformer;
    bench.engine.transformer.forwardCached = () => {
      throw new Error("no memory");
    };
    const other = bench.sampler.open([6]);
    const failed = await Promise.allSettled([bench.sampler.decode(id, request(3, 5)), bench.sampler.decode(other, request(3, 5))]);
    bench.engine.transformer.forwardCached = forwardCached;
    expect(failed.map((each) => each.status === "rejected" && String(each.reason))).toEqual(["Error: no memory", "Error: no memory"]);
    expect((await bench.sampler.decode(id, request(3, 5))).tokenIds).toEqual(expected.tokenIds);
  });

  test("an abort ends one decode and leaves the others alone", async () => {
    const expected = await bench.once([7], request(3, 15));
    const controller = new AbortController();
    const aborted = bench.once(
      [6],
      request(2, 60, { signal: controller.signal, uniform: (position) => (position > 5 && controller.abort(), 0.5) }),
    );
    const other = await bench.once([7], request(3, 15));
    expect(other.tokenIds).toEqual(expected.tokenIds);
    const result = await aborted;
    expect(result.finish).toBe("aborted");
    expect(result.tokenIds.length).toBeLessThan(10);
  });

  test("closing a sequence ends its decode and frees its place", async () => {
    const id = bench.sampler.open([5]);
    const running = bench.sampler.decode(id, request(1, 60));
    for (let i = 0; i < 4; i++) await new Promise(setImmediate);
    bench.sampler.close(id);
    expect((await running).finish).toBe("aborted");
    expect(bench.sampler.available).toBe(8);
  });

  test("a mistake in an argument says which", async () => {
    const codes = (work: () => unknown) => {
      try {
        return work();
      } catch (error) {
        return RetoolError.isInstance(error) ? error.code : error;
      }
    };
    expect(codes(() => bench.sampler.open([]))).toBe("EMPTY_PROMPT");
    expect(codes(() => bench.sampler.open([29]))).toBe("TOKEN_OUT_OF_RANGE");
    expect(codes(() => bench.sampler.length(99))).toBe("NO_SUCH_SEQUENCE");
    const ids = Array.from({ length: 8 }, () => bench.sampler.open([1]));
    expect(codes(() => bench.sampler.open([1]))).toBe("NO_FREE_SEQUENCE");
    expect(codes(() => bench.sampler.fork(ids[0]!))).toBe("NO_FREE_SEQUENCE");
    expect(codes(() => bench.sampler.extend(ids[0]!, [-1]))).toBe("TOKEN_OUT_OF_RANGE");
    const running = bench.sampler.decode(ids[0]!, request(1, 2));
    expect(codes(() => bench.sampler.decode(ids[0]!, request(1, 2)))).toBe("SEQUENCE_BUSY");
    expect(codes(() => bench.sampler.extend(ids[0]!, [1]))).toBe("SEQUENCE_BUSY");
    await running;
    await expect(bench.engine.sampler({ ...OPTIONS, vocabSize: 30 })).rejects.toThrow(/vocabSize: expected at most 29, .* found 30/);
    await expect(bench.engine.sampler({ ...OPTIONS, maxLength: 129 })).rejects.toThrow(/maxLength: expected at most 128/);
  });
});

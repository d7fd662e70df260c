import type { TurnRequest } from "@retool-ts/engine";
import { expect, test } from "vitest";
import { StubServer } from "../client/stub-server.test-support.js";
import type { SampleRequest, SampledSequence } from "../wire/sample.js";
import { StopIds } from "./stop-ids.js";
import { TinkerSampler } from "./tinker-sampler.js";

/** Ids 0 to 25 are letters, 26 is `</code>`, 27 ends a text, 28 and 29 belong to no token. */
const text = (id: number): string => (id < 26 ? String.fromCharCode(97 + id) : id === 26 ? "</code>" : "");
const ids = (letters: string): number[] => [...letters].map((letter) => letter.charCodeAt(0) - 97);
const ASK: TurnRequest = {
  temperature: 1,
  topP: 1,
  topK: 0,
  maxTokens: 8,
  uniform: () => 0.25,
  stopTokenIds: [27],
  stopStrings: ["</code>"],
};

/** A sampler of a server that continues each sequence with the letters of a script. */
async function open(script: readonly number[], { maxLength = 40, stops = true } = {}) {
  const server = new StubServer();
  server.draw = ({ prompt, sampling_params: params }: SampleRequest): SampledSequence => {
    const before = prompt.chunks.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const rest = script.slice(before - 1, before - 1 + params.max_tokens!);
    const end = stops ? rest.findIndex((id) => (params.stop as number[]).includes(id)) : -1;
    const tokens = end < 0 ? rest : rest.slice(0, end + 1);
    return { stop_reason: end < 0 ? "length" : "stop", tokens, logprobs: tokens.map((id) => -id / 10) };
  };
  const client = await server.connect({ vocabSize: 30 });
  const weights = client.sampleFrom({ baseModel: "tiny" });
  const options = { maxSequences: 3, maxLength, vocabSize: 28, unusedTokenIds: [25], textStream: () => ({ push: text }) };
  const sampler = new TinkerSampler(options, {
    weights: async () => weights,
    stopIds: new StopIds(),
    modelVocabSize: 30,
    maxPositions: 64,
  });
  return {
    server,
    sampler,
    run: <T>(work: Promise<T>) => server.timer.settle(work),
    asked: () => server.of("asample").map(({ body }) => body as unknown as SampleRequest),
  };
}

test("a turn ends at an end token, which stays in it", async () => {
  const { sampler, run, asked } = await open([...ids("ab"), 27]);
  const sequence = sampler.open([0]);
  const streamed: number[] = [];
  const turn = await run(sampler.decode(sequence, { ...ASK, onToken: (id) => void streamed.push(id) }));
  expect(turn.tokenIds).toEqual([...ids("ab"), 27]);
  turn.logProbs.forEach((value, i) => expect(value).toBeCloseTo([0, -0.1, -2.7][i]!, 6));
  expect(turn.finish).toBe("stop");
  expect(streamed).toEqual(turn.tokenIds);
  expect(asked()[0]!.sampling_params).toEqual({ max_tokens: 32, temperature: 1, top_p: 1, top_k: -1, seed: 2 ** 29, stop: [27, 26] });
});

test("min-p is refused, as the API has none, and no request is sent", async () => {
  const { sampler, asked } = await open(ids("ab"));
  await expect(sampler.decode(sampler.open([0]), { ...ASK, minP: 0.1 })).rejects.toThrow(
    "sampling: minP: expected 0: the Tinker API has no min-p, found 0.1",
  );
  expect(asked()).toEqual([]);
});

test("a stop string that is one token goes to the server as its id", async () => {
  const { sampler, run } = await open([0, 1, 26, 3]);
  const turn = await run(sampler.decode(sampler.open([0]), ASK));
  expect(turn).toMatchObject({ tokenIds: [0, 1, 26], finish: "stop", stopString: "</code>" });
});

test("a stop string of many tokens is found here, and what was sampled behind it is dropped", async () => {
  const { sampler, run, asked } = await open(ids("abcabcabc"));
  const sequence = sampler.open([0]);
  const turn = await run(sampler.decode(sequence, { ...ASK, maxTokens: 300, stopStrings: ["ca"] }));
  expect(turn).toMatchObject({ tokenIds: ids("abca"), finish: "stop", stopString: "ca" });
  sampler.extend(sequence, [9]);
  await run(sampler.decode(sequence, { ...ASK, maxTokens: 1 }));
  expect(asked().map(({ sampling_params: { max_tokens: n } }) => n)).toEqual([63, 32]); // whole multiples, and at most what the model's positions hold
  expect(Array.from(asked()[1]!.prompt.chunks[0]!.tokens)).toEqual([0, ...ids("abca"), 9]);
});

test("a turn of many slices goes on until it is done", async () => {
  const letters = Array.from({ length: 600 }, (_, i) => i % 20);
  const server = await open(letters, { maxLength: 500 });
  const sampler = server.sampler;
  const turn = await server.run(sampler.decode(sampler.open([0]), { ...ASK, maxTokens: 60, stopStrings: ["zz"] }));
  expect(turn.tokenIds).toEqual(letters.slice(0, 60));
  expect(turn.finish).toBe("length");
});

test("tokens beyond the budget are dropped, and the longest sequence is full", async () => {
  const { sampler, run } = await open(ids("abcdefghijklmnop"), { maxLength: 6 });
  const sequence = sampler.open([0]);
  expect(await run(sampler.decode(sequence, { ...ASK, maxTokens: 3 }))).toMatchObject({ tokenIds: ids("abc"), finish: "length" });
  expect(await run(sampler.decode(sequence, ASK))).toMatchObject({ tokenIds: ids("de"), finish: "full" });
});

test("ids without a token and reserved ids are never kept: the turn goes on from before them with another seed", async () => {
  const { sampler, run, asked, server } = await open([]);
  const drawn = [[0, 28, 5], [29], [25], [1, 27]];
  server.draw = () => {
    const tokens = drawn.shift()!;
    return { stop_reason: tokens.includes(27) ? "stop" : "length", tokens, logprobs: tokens.map(() => -1) };
  };
  const turn = await run(sampler.decode(sampler.open([0]), ASK));
  expect(turn.tokenIds).toEqual([0, 1, 27]);
  expect(asked().map(({ prompt }) => prompt.chunks[0]!.tokens.length)).toEqual([1, 2, 2, 2]);
  expect(new Set(asked().map(({ sampling_params: { seed } }) => seed)).size).toBe(4);

  server.draw = () => ({ stop_reason: "length", tokens: [28], logprobs: [-1] });
  await expect(run(sampler.decode(sampler.open([0]), ASK))).rejects.toThrow(/16 ids in a row/);
});

test("a turn that was begun goes on behind what it had", async () => {
  const { sampler, run, asked } = await open(ids("abcd").concat(27));
  const begun = { tokenIds: ids("ab"), logProbs: [-1, -2] };
  const turn = await run(sampler.decode(sampler.open([0]), { ...ASK, begun }));
  expect(turn.tokenIds).toEqual([...ids("abcd"), 27]);
  expect(turn.logProbs.slice(0, 2)).toEqual([-1, -2]);
  expect(asked()[0]!.prompt.chunks[0]!.tokens).toHaveLength(3);
  const ended = await run(sampler.decode(sampler.open([0]), { ...ASK, begun: { tokenIds: [27], logProbs: [-1] } }));
  expect(ended).toEqual({ tokenIds: [27], logProbs: [-1], finish: "stop" });
  expect(asked()).toHaveLength(1);
});

test("a server that ends a text by itself, without the end token, ends the turn", async () => {
  const { sampler, run, server } = await open([]);
  server.draw = () => ({ stop_reason: "stop", tokens: [3], logprobs: [-1] });
  expect(await run(sampler.decode(sampler.open([0]), ASK))).toMatchObject({ tokenIds: [3], finish: "stop" });
});

test("an abort ends a turn with what it has, before and within a request", async () => {
  const controller = new AbortController();
  const { sampler, run, server } = await open(ids("abc"));
  const sequence = sampler.open([0]);
  server.plan("retrieve_future", () => {
    controller.abort(new Error("enough"));
    return "no answer";
  });
  const ask = { ...ASK, signal: controller.signal };
  expect(await run(sampler.decode(sequence, ask))).toEqual({ tokenIds: [], logProbs: [], finish: "aborted" });
  expect(await run(sampler.decode(sequence, ask))).toMatchObject({ finish: "aborted" });
});

test("sequences are counted, forked and closed; ids, busy sequences and strange ones are refused", async () => {
  const { sampler, run } = await open([27]);
  const first = sampler.open([1, 2]);
  const second = sampler.fork(first);
  expect(sampler.available).toBe(1);
  sampler.close(second);
  expect(sampler.available).toBe(2);
  expect(() => sampler.fork(second)).toThrow(/not open/);
  expect(() => sampler.open([30])).toThrow(/from 0 to 29, got 30/);
  expect(() => sampler.open([])).toThrow(/at least one token/);
  const busy = sampler.decode(first, ASK);
  await expect(sampler.decode(first, ASK)).rejects.toThrow(/being decoded/);
  await run(busy);
  sampler.open([1]);
  sampler.open([1]);
  expect(() => sampler.open([1])).toThrow(/all 3 sequences/);
  sampler.dispose();
});

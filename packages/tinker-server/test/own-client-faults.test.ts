import { probeServer, TinkerClient, TinkerEngine, type ServerSemantics } from "@retool-ts/tinker";
import { expect, test } from "vitest";
import { seededFaults, type Fault } from "../src/testing/fault-proxy.js";
import type { TinkerServerOptions } from "../src/tinker-server.js";
import { closeAfterwards, failures, faulty, openTiny } from "./faulty-network.js";
import { EOS, VOCABULARY, type TinyServer } from "./tiny-server.js";

/** Polls end after a moment, so that every result is one that is slow in coming. */
const open = (server: Partial<TinkerServerOptions> = {}): Promise<TinyServer> => openTiny({ pollMs: 20, ...server });

/** A client that does not wait long before it tries again. */
async function connect(url: string, requestTimeoutMs = 1_500): Promise<TinkerClient> {
  const retries = { retries: 200, firstMs: 1, longestMs: 20 };
  const client = await TinkerClient.connect({
    baseUrl: url,
    vocabSize: VOCABULARY,
    retries,
    requestTimeoutMs,
    pollMs: requestTimeoutMs,
    chunks: { maxDatums: 1 },
  });
  closeAfterwards(() => client.close());
  return client;
}

const ROWS = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 1], [3, 3, 5, 3, 5]].map((tokenIds) => ({
  tokenIds, lossMask: tokenIds.map((_, i) => (i === 0 ? 0 : 1)),
})); // prettier-ignore
const OPTIMIZER = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

/** Three steps of three chunks each, with samples of each step's weights in between, and the log-probabilities of the last. */
async function run(client: TinkerClient, semantics: ServerSemantics, within: (step: number) => Promise<void> = async () => {}) {
  const model = { vocabSize: VOCABULARY, maxPositions: 64, parameters: 1 };
  const engine = await TinkerEngine.create({ client, baseModel: "tiny", rank: 4, seed: 7, model, optimizer: OPTIMIZER, semantics });
  const sampler = await engine.sampler({ maxSequences: 8, maxLength: 32, vocabSize: VOCABULARY });
  const norms: number[] = [];
  const drawn: unknown[] = [];
  for (let step = 0; step < 3; step++) {
    const pass = engine.forwardBackward(ROWS, { name: "cross-entropy", normalizer: 12 });
    await within(step);
    await pass;
    norms.push((await engine.optimStep({ learningRate: 0.03 })).gradNorm);
    const ask = (seed: number) => ({ temperature: 1, topP: 1, topK: 0, maxTokens: 6, uniform: () => seed / 8, stopTokenIds: [EOS] });
    const sequences = Array.from({ length: 6 }, () => sampler.open([1, 2]));
    drawn.push(await Promise.all(sequences.map((sequence, seed) => sampler.decode(sequence, ask(seed)))));
    for (const sequence of sequences) sampler.close(sequence);
  }
  const scores = await engine.logProbs(ROWS);
  await engine.close();
  return { norms, drawn, scores: scores.map((values) => Array.from(values)) };
}

/** The same run without faults, and what the server counted in it. */
async function clean(tiny: TinyServer) {
  const client = await connect(tiny.server.url);
  const { semantics } = await probeServer(client, { baseModel: "tiny", vocabSize: VOCABULARY, eosTokenId: EOS });
  const before = { ...tiny.server.status };
  const outcome = await run(client, semantics);
  const { trainedTokens, sampledTokens } = tiny.server.status;
  return { semantics, outcome, trained: trainedTokens - before.trainedTokens, sampled: sampledTokens - before.sampledTokens };
}

const KINDS = failures(0);

test("our client's run through a network that fails is the run without faults, and the server did everything once", async () => {
  const tiny = await open();
  const { semantics, outcome, trained, sampled } = await clean(tiny);
  const proxy = await faulty(tiny, seededFaults(3, 0.3, KINDS));
  const before = { ...tiny.server.status };
  expect(await run(await connect(proxy.url), semantics)).toEqual(outcome);
  expect(new Set(proxy.injected.keys())).toEqual(new Set(KINDS.map(({ kind }) => kind)));
  const { trainedTokens, sampledTokens } = tiny.server.status;
  expect([trainedTokens - before.trainedTokens, sampledTokens - before.sampledTokens]).toEqual([trained, sampled]);
});

test("our client gives half-open connections up, and nothing is done twice", async () => {
  const tiny = await open();
  const { semantics, outcome, trained, sampled } = await clean(tiny);
  const silent: Fault = { kind: "silent" };
  const proxy = await faulty(tiny, ({ path, count }) =>
    count === 1 && /optim_step|asample|forward_backward|retrieve_future$/.test(path) ? silent : undefined,
  );
  const before = { ...tiny.server.status };
  expect(await run(await connect(proxy.url), semantics)).toEqual(outcome);
  expect(proxy.injected.get("silent")).toBe(4);
  const { trainedTokens, sampledTokens } = tiny.server.status;
  expect([trainedTokens - before.trainedTokens, sampledTokens - before.sampledTokens]).toEqual([trained, sampled]);
});

test("our client's run goes on over a server that is restarted in the middle of every step", async () => {
  const tiny = await open();
  const { semantics, outcome } = await clean(tiny);
  const proxy = await faulty(tiny, () => undefined);
  const client = await connect(proxy.url);
  const restart = async () => {
    await tiny.reopen();
    proxy.retarget(tiny.server.url);
  };
  expect(await run(client, semantics, restart)).toEqual(outcome);
});

test("a thousand samples of our client at once come back through faults, each with its own tokens, and are drawn once", async () => {
  const tiny = await open({ maxSequences: 64 });
  const { semantics } = await clean(tiny);
  const kinds: readonly Fault[] = [{ kind: "cut", when: "after" }, { kind: "status", status: 500 }, { kind: "duplicate" }];
  const proxy = await faulty(tiny, seededFaults(5, 0.02, kinds));
  const client = await connect(proxy.url, 60_000);
  const model = { vocabSize: VOCABULARY, maxPositions: 64, parameters: 1 };
  const engine = await TinkerEngine.create({ client, baseModel: "tiny", rank: 4, seed: 7, model, optimizer: OPTIMIZER, semantics });
  const sampler = await engine.sampler({ maxSequences: 1001, maxLength: 64, vocabSize: VOCABULARY });
  const draw = (seed: number) =>
    sampler.decode(sampler.open([1]), { temperature: 1, topP: 1, topK: 0, maxTokens: 32, uniform: () => seed / 1024, stopTokenIds: [EOS] });
  const alone = await draw(777);
  const before = tiny.server.status.sampledTokens;
  const turns = await Promise.all(Array.from({ length: 1000 }, (_, seed) => draw(seed)));
  expect(turns[777]).toEqual(alone);
  expect(new Set(turns.map(({ tokenIds }) => tokenIds.join())).size).toBeGreaterThan(900);
  const kept = turns.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  expect(tiny.server.status.sampledTokens - before).toBe(kept);
  expect(new Set(proxy.injected.keys())).toEqual(new Set(kinds.map(({ kind }) => kind)));
});

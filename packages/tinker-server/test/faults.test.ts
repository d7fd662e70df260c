import type { ForwardBackwardOutput, SampleResponse } from "@retool-ts/tinker/wire";
import { expect, test } from "vitest";
import { seededFaults, type Fault } from "../src/testing/fault-proxy.js";
import type { TinkerServerOptions } from "../src/tinker-server.js";
import { failures, faulty, openTiny } from "./faulty-network.js";
import { StubbornClient } from "./stubborn-client.js";
import { datum, logProbsOf, pass, step, type TestClient } from "./test-client.js";
import type { TinyServer } from "./tiny-server.js";

const open = (server: Partial<TinkerServerOptions> = { pollMs: 300 }): Promise<TinyServer> => openTiny(server);
const DATA = [datum([1, 2, 3, 4, 5, 6]), datum([7, 8, 9, 1]), datum([3, 3, 5, 3, 5])];

/** Three steps of three chunks each that are sent at once, and samples of each step's weights. */
async function run(client: TestClient, between: (round: number) => Promise<void> = async () => {}) {
  const { session, model } = await client.train();
  let seq = 1;
  const drawn: number[][] = [];
  const norms: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    const requests = DATA.map((one) => ["forward_backward", pass(model, seq++, [one])] as const);
    const update = ["optim_step", step(model, seq++, { learning_rate: 0.03 })] as const;
    const ids = await Promise.all([...requests, update].map(([route, body]) => client.begin(route, body)));
    await between(round);
    const results = await Promise.all(ids.map((id) => client.result(id)));
    norms.push(results.at(-1)!["metrics"]);
    const saved = await client.call("save_weights_for_sampler", { model_id: model, seq_id: seq++, sampling_session_seq_id: round });
    expect(saved["sampling_session_id"]).toBe(`${session}:sample:${round}`);
    const samples = Array.from({ length: 6 }, (_, i) => ({
      sampling_session_id: `${session}:sample:${round}`, seq_id: i, prompt: { chunks: [{ tokens: [1, 2] }] }, sampling_params: { max_tokens: 6, seed: i, stop: [] },
    })); // prettier-ignore
    const responses = await Promise.all(samples.map((body) => client.call<SampleResponse>("asample", body)));
    drawn.push(...responses.map(({ sequences }) => Array.from(sequences[0]!.tokens)));
  }
  const output = await client.call<ForwardBackwardOutput>("forward_backward", { ...pass(model, seq++, DATA), forward_only: true });
  return { norms, drawn, logProbs: logProbsOf(output) };
}

const KINDS = failures(1);

test("a network that fails changes nothing: the same steps, samples and weights, each counted once", async () => {
  const tiny = await open();
  const expected = await run(tiny.client());
  const { trainedTokens, sampledTokens } = tiny.server.status;
  const proxy = await faulty(tiny, seededFaults(3, 0.4, KINDS));
  const client = new StubbornClient(proxy.url);
  expect(await run(client)).toEqual(expected);
  expect(new Set(proxy.injected.keys())).toEqual(new Set(KINDS.map(({ kind }) => kind)));
  expect(tiny.server.status).toMatchObject({ trainedTokens: 2 * trainedTokens, sampledTokens: 2 * sampledTokens });
});

test("a half-open connection is given up, and the request is done once", async () => {
  const tiny = await open();
  const expected = await run(tiny.client());
  const silent: Fault = { kind: "silent" };
  const proxy = await faulty(tiny, ({ path, count }) =>
    count === 1 && /optim_step|asample|forward_backward$/.test(path) ? silent : undefined,
  );
  expect(await run(new StubbornClient(proxy.url))).toEqual(expected);
  expect(proxy.injected.get("silent")).toBe(3);
});

test("a server that is restarted in the middle of every step loses nothing", async () => {
  const tiny = await open();
  const expected = await run(tiny.client());
  const proxy = await faulty(tiny, () => undefined);
  const restart = async () => {
    await tiny.reopen();
    proxy.retarget(tiny.server.url);
  };
  expect(await run(new StubbornClient(proxy.url), restart)).toEqual(expected);
});

test("a thousand samples at once come back, each with its own tokens", async () => {
  const tiny = await open({ maxSequences: 64 });
  const proxy = await faulty(
    tiny,
    seededFaults(5, 0.02, [
      { kind: "cut", when: "after" },
      { kind: "status", status: 500 },
    ]),
  );
  const client = new StubbornClient(proxy.url, 60_000);
  const ask = (seed: number) =>
    client.call<SampleResponse>("asample", {
      base_model: "tiny",
      prompt: { chunks: [{ tokens: [1] }] },
      sampling_params: { max_tokens: 4, seed, stop: [] },
    });
  const alone = await tiny.client().call<SampleResponse>("asample", {
    base_model: "tiny", prompt: { chunks: [{ tokens: [1] }] }, sampling_params: { max_tokens: 4, seed: 777, stop: [] },
  }); // prettier-ignore
  const before = tiny.server.status.sampledTokens;
  const all = await Promise.all(Array.from({ length: 1000 }, (_, seed) => ask(seed)));
  expect(Array.from(all[777]!.sequences[0]!.tokens)).toEqual(Array.from(alone.sequences[0]!.tokens));
  expect(tiny.server.status.sampledTokens - before).toBe(4000);
});

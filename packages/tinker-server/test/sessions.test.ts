import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { SampleResponse } from "@retool-ts/tinker/wire";
import { localBase } from "../src/local-base.js";
import { openTinkerServer, type TinkerServerOptions } from "../src/tinker-server.js";
import { datum, pass, step } from "./test-client.js";
import { TinyServer } from "./tiny-server.js";

let tiny: TinyServer | undefined;
afterEach(async () => {
  await tiny?.close();
  tiny = undefined;
});

async function open(server: Partial<TinkerServerOptions> = {}) {
  tiny = await TinyServer.open({ server });
  return { tiny, client: tiny.client() };
}

/** Resolved when the server has looked for what has ended: a checkpoint whose time is over is gone then. */
async function sweeps({ folder }: TinyServer): Promise<void> {
  const path = join(folder, "state", "checkpoints", "old", "weights", "w");
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "checkpoint.json"), JSON.stringify({ time: 0, expiresAt: 0 }));
  await expect.poll(() => stat(path).then(() => "there", () => "gone"), { timeout: 10_000 }).toBe("gone"); // prettier-ignore
}

const DATA = [datum([1, 2, 3, 4])];

describe("a session", () => {
  test("that is silent ends with its models; those that speak go on, and named checkpoints stay", async () => {
    let time = 0;
    const { client } = await open({ now: () => time, sweepMs: 20, sessionTimeoutMs: 1000 });
    const [silent, loud] = [await client.train(), await client.train()];
    const { path } = await client.call("save_weights_for_sampler", { model_id: silent.model, path: "kept" });
    await client.call("save_weights_for_sampler", { model_id: silent.model, sampling_session_seq_id: 0 });
    const waits = await client.begin("optim_step", step(silent.model, 9)); // for numbers before it
    time = 900;
    await client.post("session_heartbeat", { session_id: loud.session });
    time = 1500; // 600 after the one spoke
    await expect.poll(() => tiny!.server.status.models, { timeout: 10_000 }).toBe(1);
    expect(await client.result(waits)).toMatchObject({ error: `session ${silent.session} has ended: no heartbeat for 1 s` });
    expect((await client.post("optim_step", step(silent.model, 1))).status).toBe(404);
    expect((await client.post("session_heartbeat", { session_id: silent.session })).status).toBe(404);
    expect((await client.get(`samplers/${silent.session}:sample:0`)).status).toBe(404);
    await client.call("forward_backward", pass(loud.model, 1, DATA));
    const sample = { model_path: path, prompt: { chunks: [{ tokens: [1] }] }, sampling_params: { max_tokens: 2 } };
    expect((await client.call<SampleResponse>("asample", sample)).sequences).toHaveLength(1);
  });

  test("that is finished ends at once, and an unloaded model gives its place free", async () => {
    const { client } = await open({ maxModels: 2 });
    const { session, model } = await client.train();
    await client.model(session, 1);
    const more = { session_id: session, model_seq_id: 2, base_model: "tiny", lora_config: { rank: 2 } };
    const full = await client.post("create_model", more);
    expect([full.status, full.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await client.call("unload_model", { model_id: model })).toEqual({ type: "unload_model", model_id: model });
    expect((await client.post("get_info", { model_id: model })).status).toBe(404);
    expect(await client.call("create_model", more)).toHaveProperty("model_id", `${session}:train:2`);
    await client.post(`sessions/${session}/finish`, { reason: { type: "success" } });
    expect(tiny!.server.status).toMatchObject({ sessions: 0, models: 0 });
  });

  test("is made once however often its request comes", async () => {
    const { client } = await open();
    const ask = async (key: string) => (await client.post("create_session", { tags: [] }, { "x-idempotency-key": key })).body["session_id"];
    const [one, two, other] = await Promise.all(["a", "a", "b"].map(ask));
    expect([one === two, one === other]).toEqual([true, false]);
  });
});

test("beyond the bound a session gets 429 and others do not; what the others wait for is taken all the same", async () => {
  const { client } = await open({ maxOutstanding: 4 });
  const { session, model } = await client.train();
  const ids = [2, 3, 4].map((seq) => client.begin("forward_backward", pass(model, seq, DATA)));
  await Promise.all(ids);
  await client.begin("optim_step", step(model, 5));
  const refused = await client.post("optim_step", step(model, 6));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(refused.body["detail"]).toBe("4 requests of this session wait or were not fetched; fetch results first");
  expect(
    (await client.post("create_model", { session_id: session, model_seq_id: 1, base_model: "tiny", lora_config: { rank: 2 } })).status,
  ).toBe(429);
  const neighbour = await client.train();
  expect(await client.call("forward_backward", pass(neighbour.model, 1, DATA))).toHaveProperty("metrics");
  await client.begin("forward_backward", pass(model, 1, DATA));
  for (const id of await Promise.all(ids)) await client.result(id);
  expect(await client.call("optim_step", step(model, 6))).toMatchObject({ metrics: { grad_norm: 0 } });
});

test("a request behind a number that never comes is told so, and the model goes on", async () => {
  const { client } = await open({ gapTimeoutMs: 50 });
  const { model } = await client.train();
  const late = await client.begin("forward_backward", pass(model, 3, DATA));
  expect(await client.result(late)).toMatchObject({ error: "seq_id 1 did not come, and 3 waits for it no longer", category: "user" });
  expect(await client.call("forward_backward", pass(model, 4, DATA))).toHaveProperty("metrics");
  expect((await client.post("forward_backward", pass(model, 2, DATA))).status).toBe(409);
});

describe("a question for a result", () => {
  test("is held, answered with 408 when its time is up, and a result outlives its delivery", async () => {
    let time = 0;
    const { client } = await open({ pollMs: 30, now: () => time, sweepMs: 20 });
    const { model } = await client.train();
    const waits = await client.begin("optim_step", step(model, 2));
    const answer = await client.post("retrieve_future", { request_id: waits });
    expect([answer.status, answer.body]).toMatchObject([408, { type: "try_again", request_id: waits, queue_state: "active" }]);
    const id = await client.begin("forward_backward", pass(model, 1, DATA));
    const first = await client.result(id);
    time = 299_999;
    expect(await client.result(id)).toEqual(first);
    time += 299_999; // the clock began again
    expect(await client.result(id)).toEqual(first);
    await client.result(waits); // the step: the pass need not be done again after a crash
    time += 300_000;
    await sweeps(tiny!);
    expect((await client.post("retrieve_future", { request_id: id })).status).toBe(404);
  });

  test("of a client that went away does not begin the end of its result", async () => {
    let time = 0;
    const { client } = await open({ now: () => time, sweepMs: 20 });
    const { model } = await client.train();
    const id = await client.begin("forward_backward", pass(model, 2, DATA));
    const gone = new AbortController();
    const poll = fetch(`${client.url}/api/v1/retrieve_future`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ request_id: id }), signal: gone.signal,
    }); // prettier-ignore
    const left = expect(poll).rejects.toThrow();
    await expect.poll(() => tiny!.server.status.held).toBe(1);
    gone.abort();
    await left;
    await expect.poll(() => tiny!.server.status.held).toBe(0);
    await client.call("forward_backward", pass(model, 1, DATA));
    time = 10_000_000;
    await client.post("session_heartbeat", { session_id: model.split(":")[0] });
    await sweeps(tiny!);
    expect(await client.result(id)).toHaveProperty("metrics");
  });
});

describe("who may come", () => {
  test("with a key, everything but health needs it", async () => {
    const { client, tiny: server } = await open({ token: "tml-secret" });
    expect((await client.post("create_session", { tags: [] })).status).toBe(401);
    expect((await client.get("healthz")).body).toEqual({ status: "ok" });
    expect((await fetch(`${client.url}/health`)).status).toBe(200);
    expect((await fetch(`${client.url}/metrics`)).status).toBe(401);
    for (const headers of [{ "x-api-key": "tml-secret" }, { authorization: "Bearer tml-secret" }]) {
      expect((await server.client(headers as Record<string, string>).post("create_session", { tags: [] })).status).toBe(200);
    }
    expect((await server.client({ "x-api-key": "tml-other" }).post("create_session", { tags: [] })).status).toBe(401);
  });

  test("other addresses than loopback need a key, and a folder has one server", async () => {
    const { tiny: server } = await open();
    const bases = [localBase(server.parameters, { name: "tiny" })];
    await expect(openTinkerServer({ bases, folder: `${server.folder}/other`, port: 0, host: "0.0.0.0" })).rejects.toThrow(
      "expected a token for 0.0.0.0",
    );
    await expect(openTinkerServer({ bases, folder: `${server.folder}/state`, port: 0 })).rejects.toThrow(
      "one that no other process works in",
    );
    await expect(openTinkerServer({ bases: [], folder: `${server.folder}/other`, port: 0 })).rejects.toThrow("tinker server: bases");
    const again = await openTinkerServer({ bases, folder: `${server.folder}/other`, port: 0 }); // the first failure let go of it
    await again.close(100);
  });

  test("a connection outlasts a long pass", async () => {
    const { client } = await open();
    expect((await client.get("healthz")).headers.get("keep-alive")).toBe("timeout=300");
  });

  test("a body that is too long is refused while it comes", async () => {
    const { client } = await open({ maxBodyBytes: 2000, maxBodyValues: 100 });
    expect((await client.post("forward_backward", new Uint8Array(3000))).status).toBe(413);
    expect((await client.post("asample", { prompt: { chunks: [{ tokens: Array.from({ length: 200 }, () => 1) }] } })).status).toBe(413);
  });
});

test("metrics count what was done", async () => {
  const { client } = await open();
  const { model } = await client.train();
  await client.call("forward_backward", pass(model, 1, DATA));
  await client.call("asample", { base_model: "tiny", prompt: { chunks: [{ tokens: [1] }] }, sampling_params: { max_tokens: 5, stop: [] } });
  const text = await (await fetch(`${client.url}/metrics`)).text();
  for (const line of [
    "retool_tinker_sessions 1",
    "retool_tinker_models 1",
    "retool_tinker_pending 0",
    "retool_tinker_trained_tokens_total 3",
    "retool_tinker_sampled_tokens_total 5",
  ]) {
    expect(text).toContain(line);
  }
});

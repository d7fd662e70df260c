import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import type { ForwardBackwardOutput, SampleResponse } from "@retool-ts/tinker/wire";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localBase } from "../src/local-base.js";
import { openTinkerServer, type TinkerServer } from "../src/tinker-server.js";
import { datum, logProbsOf, pass, step, TestClient } from "./test-client.js";
import { EOS, letter, TinyServer, VOCABULARY } from "./tiny-server.js";

let tiny: TinyServer;
let client: TestClient;
const copies: TinkerServer[] = [];
const faults: string[] = [];
const folderOf = (copy: number): string => join(tiny.folder, `copy-${copy}`);
beforeEach(async () => {
  faults.length = 0;
  tiny = await TinyServer.open();
  client = tiny.client();
});
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.close(100);
  await tiny.close();
});

const DATA = [datum([1, 2, 3, 4, 5]), datum([6, 7, 8])];

/**
 * A server on what the disk has at this moment: what is left when the first one is killed now.
 *
 * @param unfinished - a request whose outcome the kill came before
 * @param spoil - a model whose weights are no numbers afterwards
 */
async function afterKill(unfinished?: string, name = "tiny", spoil?: string): Promise<TestClient> {
  const folder = folderOf(copies.length);
  await cp(join(tiny.folder, "state"), folder, { recursive: true, filter: (path) => !path.includes(".lock~") });
  if (unfinished !== undefined) await rm(join(folder, "requests", `${unfinished}.outcome`));
  if (spoil !== undefined) await spoilWeights(join(folder, "models", encodeURIComponent(spoil)));
  const base = localBase(tiny.parameters, {
    name,
    vocabSize: VOCABULARY,
    eosTokenIds: [EOS],
    textStream: () => ({ push: letter }),
    maxTokensPerPass: 128,
  });
  const server = await openTinkerServer({
    bases: [base],
    folder,
    port: 0,
    maxSequences: 8,
    onFault: (error) => faults.push((error as Error).message),
  });
  copies.push(server);
  return new TestClient(server.url);
}

/** Writes a value that is no number into weights, as a disk or a hand may. */
async function spoilWeights(folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /adapter.*\.safetensors$/.test(name));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const bytes = await readFile(join(folder, name));
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    await writeFile(join(folder, name), bytes);
  }
}

const forward = async (at: TestClient, model: string) =>
  logProbsOf(await at.call<ForwardBackwardOutput>("forward_backward", { ...pass(model, undefined, DATA), forward_only: true }));

test("results, weights, moments and gradients that wait come back to the bit", async () => {
  const { model } = await client.train();
  for (const seq of [1, 3]) {
    await client.call("forward_backward", pass(model, seq, DATA));
    await client.call("optim_step", step(model, seq + 1));
  }
  const half = await client.begin("forward_backward", pass(model, 5, DATA.slice(0, 1)));
  const result = await client.result(half);
  const revived = await afterKill();
  expect(await revived.result(half)).toEqual(result); // delivered, and asked for again
  // The pass was made before the kill, and its gradients are in the step after it.
  const rest = pass(model, 6, DATA.slice(1));
  const steps = [];
  for (const at of [client, revived]) {
    await at.call("forward_backward", rest);
    steps.push(await at.call("optim_step", step(model, 7)));
  }
  expect(steps[1]).toEqual(steps[0]);
  expect(await forward(revived, model)).toEqual(await forward(client, model));
});

test("what was promised is done: requests that wait in the order, and samples with the seeds that were drawn", async () => {
  const { session, model } = await client.train();
  await client.call("forward_backward", pass(model, 1, DATA));
  await client.call("optim_step", step(model, 2));
  await client.call("save_weights_for_sampler", { model_id: model, seq_id: 3, sampling_session_seq_id: 0 });
  const waits = await client.begin("optim_step", step(model, 5)); // number 4 has not come
  const sample = {
    sampling_session_id: `${session}:sample:0`,
    seq_id: 1,
    prompt: { chunks: [{ tokens: [1, 2] }] },
    sampling_params: { max_tokens: 40, stop: [] },
  };
  const drawn = await client.begin("asample", sample);
  const tokens = (response: SampleResponse) => Array.from(response.sequences[0]!.tokens);
  const before = tokens(await client.result<SampleResponse>(drawn));
  const revived = await afterKill(drawn);
  expect(tokens(await revived.result<SampleResponse>(drawn))).toEqual(before);
  expect(copies[0]!.status.sampledTokens).toBe(before.length); // drawn again
  expect(await revived.begin("asample", sample)).toBe(drawn);
  expect((await revived.post("asample", { ...sample, num_samples: 2 })).status).toBe(409);
  await revived.call("forward_backward", pass(model, 4, DATA));
  expect(await revived.result(waits)).toHaveProperty("metrics.grad_norm");
  expect((await revived.post("forward_backward", pass(model, 1, DATA.slice(1)))).status).toBe(409);
  expect((await revived.post("session_heartbeat", { session_id: session })).status).toBe(200);
});

test("a pass that was refused before a crash spoils the step behind it after the crash", async () => {
  const { model } = await client.train();
  await client.call("forward_backward", pass(model, 1, DATA));
  expect((await client.post("forward_backward", pass(model, 2, []))).status).toBe(400);
  const revived = await afterKill();
  expect((await revived.call("optim_step", step(model, 3)))["error"]).toContain("a forward_backward before it failed");
  await revived.call("forward_backward", pass(model, 4, DATA));
  expect(await revived.call("optim_step", step(model, 5))).toHaveProperty("metrics.grad_norm");
});

test("a request that was cancelled while it waited never runs after a crash, and those behind it do", async () => {
  const { model } = await client.train();
  const late = await client.begin("forward_backward", pass(model, 2, DATA)); // number 1 has not come
  const behind = await client.begin("optim_step", step(model, 3));
  await client.post("cancel_future", { request_id: late });
  const revived = await afterKill();
  await revived.call("forward_backward", pass(model, 1, DATA));
  expect(await revived.result(late)).toMatchObject({ type: "request_failed", error: "the request was cancelled" });
  expect((await revived.result(behind))["error"]).toContain("its gradients are dropped, the weights are as they were: it was cancelled");
  const trained = copies[0]!.status.trainedTokens;
  await revived.call("forward_backward", pass(model, 4, DATA));
  expect(copies[0]!.status.trainedTokens).toBe(2 * trained); // of the first pass alone, and of this one
});

test("checkpoints are there afterwards, and those that were being written are not half there", async () => {
  const { session, model } = await client.train();
  await client.call("forward_backward", pass(model, 1, DATA));
  await client.call("optim_step", step(model, 2));
  const { path } = await client.call("save_weights", { model_id: model, seq_id: 3, path: "w" });
  const revived = await afterKill();
  const loaded = await revived.call("load_weights", { session_id: session, model_seq_id: 5, path, optimizer: true });
  expect(await forward(revived, loaded["model_id"] as string)).toEqual(await forward(client, model));
  expect((await revived.call("save_weights", { model_id: model, seq_id: 4, path: "w" }))["error"]).toContain("is there already");
  // The request that made it, asked again, is done.
  expect(await revived.call("save_weights", { model_id: model, seq_id: 3, path: "w" })).toEqual({ type: "save_weights", path });
});

test("an adapter whose weights are spoiled does not keep the server from starting: it is gone, and all others go on", async () => {
  const { session, model } = await client.train();
  const other = await client.model(session, 1);
  await client.call("forward_backward", pass(model, 1, DATA));
  await client.call("optim_step", step(model, 2));
  await client.call("forward_backward", pass(other, 1, DATA));
  const waits = await client.begin("optim_step", step(model, 4)); // number 3 has not come
  const revived = await afterKill(undefined, "tiny", model);
  expect(faults).toEqual([expect.stringContaining("expected finite numbers")]);
  expect(await revived.result(waits)).toMatchObject({ type: "request_failed", error: expect.stringContaining(`model ${model}`) as string });
  expect((await revived.post("forward_backward", pass(model, 3, DATA))).status).toBe(404);
  expect(await revived.call("optim_step", step(other, 2))).toHaveProperty("metrics.grad_norm");
  expect(await readdir(join(folderOf(0), "models"))).toHaveLength(2);
  await revived.post(`sessions/${session}/finish`, {});
  expect(await readdir(join(folderOf(0), "models"))).toEqual([]);
});

test("a server of other models does not take up the state, and says why", async () => {
  await client.train();
  const served = afterKill(undefined, "another");
  await expect(served).rejects.toThrow("expected one whose models are served, found an adapter over tiny");
  await expect(served).rejects.toBeInstanceOf(InputError);
});

test("a server that closes lets go of questions, and the next one answers them", async () => {
  const { model } = await client.train();
  const waits = await client.begin("optim_step", step(model, 2));
  const held = client.post("retrieve_future", { request_id: waits });
  await expect.poll(() => tiny.server.status.held).toBe(1);
  await tiny.reopen();
  expect((await held).status).toBe(408);
  const next = tiny.client();
  await next.call("forward_backward", pass(model, 1, DATA));
  expect(await next.result(waits)).toHaveProperty("metrics.grad_norm");
});

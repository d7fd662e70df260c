import type { ForwardBackwardOutput } from "@retool-ts/tinker/wire";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Checkpoints } from "../src/state/checkpoints.js";
import { datum, logProbsOf, pass, step, type TestClient } from "./test-client.js";
import { TinyServer } from "./tiny-server.js";

let tiny: TinyServer;
let client: TestClient;
let time = Date.UTC(2026, 0, 1);
beforeAll(async () => {
  tiny = await TinyServer.open({ server: { now: () => time, sweepMs: 20 } });
  client = tiny.client();
});
afterAll(() => tiny.close());

const data = [datum([1, 2, 3, 4, 5]), datum([6, 7, 8])];
const forward = async (model: string) =>
  logProbsOf(await client.call<ForwardBackwardOutput>("forward_backward", { ...pass(model, undefined, data), forward_only: true }));
const train = async (model: string, seq: number) => {
  await client.call("forward_backward", pass(model, seq, data));
  return client.call("optim_step", step(model, seq + 1));
};

test("a saved state is loaded to the bit, with moments or without them", async () => {
  const { session, model } = await client.train();
  for (const seq of [1, 3, 5]) await train(model, seq);
  const { path } = await client.call("save_weights", { model_id: model, seq_id: 7, path: "w1" });
  expect(path).toBe(`tinker://${model}/weights/w1`);
  const before = await forward(model);
  const next = await train(model, 8);
  const after = await forward(model);
  expect(after).not.toEqual(before);

  const whole = await client.model(session, 1, { seed: 77 });
  await client.call("load_weights", { model_id: whole, seq_id: 1, path, optimizer: true });
  expect(await forward(whole)).toEqual(before);
  expect(await train(whole, 2)).toEqual(next);
  expect(await forward(whole)).toEqual(after);

  const made = await client.call("load_weights", { session_id: session, model_seq_id: 2, path, optimizer: false });
  expect(made).toEqual({ type: "load_weights", path, model_id: `${session}:train:2` });
  const fresh = made["model_id"] as string;
  expect(await forward(fresh)).toEqual(before);
  expect(await train(fresh, 1)).toEqual(next); // the same gradient
  expect(await forward(fresh)).not.toEqual(after); // and other moments
  expect((await client.post("get_info", { model_id: fresh })).body).toMatchObject({
    lora_rank: 4,
    model_data: { model_name: "tiny", arch: "qwen3" },
  });
  expect((await client.post("weights_info", { tinker_path: path })).body).toMatchObject({
    base_model: "tiny",
    is_lora: true,
    lora_rank: 4,
    lora_alpha: 32,
  });
});

test("a name is given once, unless it may be overwritten; wrong paths are told", async () => {
  const { session, model } = await client.train();
  const save = (more: Record<string, unknown>) => client.call("save_weights", { model_id: model, path: "same", ...more });
  await save({ seq_id: 1 });
  expect((await save({ seq_id: 2 }))["error"]).toBe(
    `tinker://${model}/weights/same is there already: choose another name, or pass overwrite`,
  );
  expect(await save({ seq_id: 3, overwrite: true })).toHaveProperty("path");
  expect((await client.post("save_weights", { model_id: model, path: "../up" })).status).toBe(400);
  const load = (path: string, id = model) => client.call("load_weights", { model_id: id, path, optimizer: true });
  expect((await load(`tinker://${model}/weights/none`))["error"]).toContain("is not known here");
  expect((await load(`tinker://${model}/sampler_weights/same`))["error"]).toContain(
    "expected tinker://MODEL/weights/NAME, which save_weights gave",
  );
  const wide = await client.model(session, 1, { rank: 8 });
  expect((await load(`tinker://${model}/weights/same`, wide))["error"]).toContain('expected a checkpoint of {"baseModel":"tiny","rank":8');
});

test("checkpoints are listed, deleted, and end with their time", async () => {
  const { model } = await client.train();
  await client.call("save_weights", { model_id: model, path: "kept" });
  await client.call("save_weights_for_sampler", { model_id: model, path: "brief", ttl_seconds: 3600 });
  const list = async () =>
    (await client.get<{ checkpoints: Record<string, unknown>[] }>(`training_runs/${model}/checkpoints`)).body.checkpoints;
  expect(await list()).toMatchObject([
    { checkpoint_id: "weights/kept", checkpoint_type: "training", expires_at: null, tinker_path: `tinker://${model}/weights/kept` },
    { checkpoint_id: "sampler_weights/brief", checkpoint_type: "sampler", expires_at: "2026-01-01T01:00:00.000Z" },
  ]);
  time += 3_600_000;
  await expect.poll(list).toHaveLength(1);
  const removed = await fetch(`${client.url}/api/v1/training_runs/${model}/checkpoints/weights/kept`, { method: "DELETE" });
  expect(removed.status).toBe(204);
  expect(await list()).toEqual([]);
  expect((await fetch(`${client.url}/api/v1/training_runs/${model}/checkpoints/weights/kept`, { method: "DELETE" })).status).toBe(404);
});

test("a list asked for by something that is no model's id finds nothing, wherever its folder would lie", async () => {
  const { model } = await client.train();
  await client.call("save_weights", { model_id: model, seq_id: 1, path: "hidden" });
  const checkpoints = new Checkpoints(join(tiny.folder, "state", "checkpoints", "below"));
  const facts = { baseModel: "tiny", rank: 4, alpha: 32, trainAttention: true, trainMlp: true, request: "r", time: 1, expiresAt: null };
  await checkpoints.save({ model: "m", kind: "weights", name: "own" }, facts, async () => {});
  // Seen from `weights` of the model `checkpoints`, the folder above has checkpoints of its own.
  await mkdir(join(tiny.folder, "state", "checkpoints", "weights", "seen"), { recursive: true });
  await writeFile(join(tiny.folder, "state", "checkpoints", "weights", "seen", "checkpoint.json"), JSON.stringify(facts));
  expect(await checkpoints.list("..")).toEqual([]);
  expect((await checkpoints.list("m")).map(({ path }) => path.name)).toEqual(["own"]);
  await mkdir(join(tiny.folder, "state", "checkpoints", "below", "%zz"));
  expect((await checkpoints.list()).map(({ path }) => path.name)).toEqual(["own"]);
  expect(await client.get("training_runs/..%2F..%2Fmodels/checkpoints")).toMatchObject({ status: 200, body: { checkpoints: [] } });
});

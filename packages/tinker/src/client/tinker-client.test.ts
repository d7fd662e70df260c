import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { Datum } from "../wire/forward-backward.js";
import { StubServer } from "./stub-server.test-support.js";
import type { TinkerClient } from "./tinker-client.js";
import type { TrainingModel } from "./training-model.js";
import { unloadOnSignals } from "./unload-on-signals.js";

/** Shifted ids with weight 1 everywhere. */
function datum(...ids: number[]): Datum {
  const targets = ids.slice(1);
  return {
    model_input: { chunks: [{ type: "encoded_text", tokens: ids.slice(0, -1) }] },
    loss_fn_inputs: { target_tokens: { data: targets, dtype: "int64" }, weights: { data: targets.map(() => 1), dtype: "float32" } },
  };
}

const createModel = (server: StubServer, client: TinkerClient): Promise<TrainingModel> =>
  server.timer.settle(client.createModel({ baseModel: "tiny", lora: { rank: 4 } }));

async function trained(server: StubServer, options = {}): Promise<{ client: TinkerClient; model: TrainingModel }> {
  const client = await server.connect({ vocabSize: 300, ...options });
  return { client, model: await createModel(server, client) };
}

test("a session, a model, a step", async () => {
  const server = new StubServer();
  const { client, model } = await trained(server);
  const pass = await server.timer.settle(model.pass([datum(1, 20, 30), datum(1, 40)], { lossFn: "cross_entropy" }));
  expect(pass.logProbs).toEqual([Float32Array.of(-0.2, -0.3), Float32Array.of(-0.4)]);
  expect(await server.timer.settle(model.optimStep({ learning_rate: 0.1 }))).toEqual({ gradNorm: 1.5, metrics: { grad_norm: 1.5 } });
  expect(server.seen.map(({ route, body }) => (body["seq_id"] ? `${route} ${body["seq_id"] as number}` : route))).toEqual([
    "get_server_capabilities",
    "create_session",
    "create_model",
    "retrieve_future",
    "forward_backward 1",
    "retrieve_future",
    "optim_step 2",
    "retrieve_future",
  ]);
  expect(client.modelNames).toEqual(["tiny"]);
  await server.timer.settle(client.close());
});

test("training bodies go as protobuf, and as JSON to a server that takes only that", async () => {
  const server = new StubServer();
  server.takesProtobuf = false;
  const { client, model } = await trained(server);
  for (let i = 0; i < 2; i++) await server.timer.settle(model.pass([datum(1, 20)], { lossFn: "cross_entropy" }));
  await server.timer.settle(model.pass([datum(1, 20)], { lossFn: "cross_entropy", forwardOnly: true }));
  expect(server.seen.flatMap(({ route, headers }) => (route.startsWith("forward") ? [`${route} ${headers["content-type"]}`] : []))).toEqual(
    [
      "forward_backward application/x-protobuf",
      "forward_backward application/json",
      "forward_backward application/json",
      "forward application/json",
    ],
  );
  expect(client.requests.encoding).toBe("json");
});

test("a fault that a server of protobuf finds is told, not its refusal of JSON", async () => {
  const server = new StubServer().plan("forward_backward", { status: 422, json: { detail: "unknown loss" } });
  server.takesJson = false;
  const { client, model } = await trained(server);
  await expect(server.timer.settle(model.pass([datum(1, 20)], { lossFn: "nope" }))).rejects.toThrow("unknown loss");
  expect(client.requests.encoding).toBe("protobuf");
  await server.timer.settle(model.pass([datum(1, 20)], { lossFn: "cross_entropy" }));
});

test("a poll that times out is asked again at once", async () => {
  const server = new StubServer().plan(
    "retrieve_future",
    (seen) => (seen ? undefined : "cut"),
    "no answer",
    { status: 408, json: {} },
    "endless body",
  );
  const waits: number[] = [];
  const { model } = await trained(server, { pollMs: 1_000, onRetry: ({ waitMs }: { waitMs: number }) => void waits.push(waitMs) });
  const began = server.timer.now();
  await server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  expect(waits).toEqual([]);
  expect(server.timer.now() - began).toBe(1_000 + 50 + 1_000); // the answer of 408 came at once, so that the next poll waits a little
});

test("a server that does not hold its polls is not flooded, and says where the queue stands", async () => {
  const busy = { json: { type: "try_again", queue_state: "paused", queue_state_reason: "capacity" } };
  const server = new StubServer().plan("retrieve_future", () => undefined, ...Array.from({ length: 20 }, () => busy));
  const states: (string | undefined)[] = [];
  const { model } = await trained(server, { onWait: ({ queueState }: { queueState?: string }) => void states.push(queueState) });
  const began = server.timer.now();
  await server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  expect(states).toEqual(Array.from({ length: 20 }, () => "paused, capacity"));
  expect(server.timer.now() - began).toBe(50 * (55 + 10 * 10)); // 50, 100, … 500, and 500 from then on
});

test("the wait for a result is bounded, and names the queue's state", async () => {
  const busy = { json: { type: "try_again", queue_state: "active" } };
  const server = new StubServer().plan("retrieve_future", () => undefined, ...Array.from({ length: 1_000 }, () => busy));
  const { model } = await trained(server, { resultMs: 10_000 });
  const work = server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  await expect(work).rejects.toMatchObject({
    code: "TINKER_TIMEOUT",
    message: expect.stringMatching(/no result within 10 s; the server says: active/) as string,
  });
});

test("errors of a poll are retried with back-off, and the result is taken once", async () => {
  const server = new StubServer().plan("retrieve_future", () => undefined, "cut", { status: 502, json: {} });
  const { model } = await trained(server);
  await server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  expect(server.of("optim_step")).toHaveLength(1);
});

test("a result that the server has lost is asked for again with the same key; a second loss is an error", async () => {
  const lost = { status: 404, json: { detail: "Future not found" } };
  const server = new StubServer().plan("retrieve_future", () => undefined, lost);
  const { model } = await trained(server);
  await server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  const [first, second] = server.of("optim_step");
  expect(second!.headers["x-idempotency-key"]).toBe(first!.headers["x-idempotency-key"]);
  expect(second!.body).toEqual(first!.body);

  server.plan("retrieve_future", lost, lost);
  await expect(server.timer.settle(model.optimStep({ learning_rate: 0.1 }))).rejects.toMatchObject({ code: "TINKER_NOT_FOUND" });
});

test("a server that gives the same future again has nothing more to give", async () => {
  const server = new StubServer();
  const { model } = await trained(server);
  const same = { json: { request_id: "gone" } };
  server.plan("optim_step", same, same);
  await expect(server.timer.settle(model.optimStep({ learning_rate: 0.1 }))).rejects.toMatchObject({
    code: "TINKER_NOT_FOUND",
    requestId: "gone",
  });
});

test.each([
  [{ json: { type: "request_failed", error: "out of memory" } }, /out of memory/],
  [{ json: { type: "RequestFailedResponse", error_message: "bad token" } }, /bad token/],
  [{ json: { error: "worker died", category: "server" } }, /worker died/],
  [{ status: 400, json: { detail: "Loss functions ['gspo'] are not supported" } }, /gspo/],
])("a failure of the work is told, whatever its status: %o", async (reply, message) => {
  const server = new StubServer().plan("retrieve_future", () => undefined, reply);
  const { model } = await trained(server);
  const work = server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  await expect(work).rejects.toMatchObject({ code: "TINKER_FAILED", message: expect.stringMatching(message) as string });
});

test("the making of a model can fail in its future", async () => {
  const server = new StubServer().plan("retrieve_future", { json: { error: "Maximum number of LoRA adapters (4) reached" } });
  const client = await server.connect();
  await expect(createModel(server, client)).rejects.toThrow("Maximum number of LoRA adapters");
});

test.each([
  ["an empty batch", [], /at least one sequence/],
  ["a sequence without tokens", [datum()], /at least one token/],
  ["an id outside the vocabulary", [datum(1, 2, 3), datum(300, 5)], /sequence 1: expected token ids from 0 to 299, got 300 at 0/],
  ["a target outside the vocabulary", [datum(5, 300)], /target_tokens: expected token ids from 0 to 299, got 300/],
  ["a negative id", [datum(-1, 5)], /got -1/],
  ["an id that is not whole", [datum(1.5, 5)], /got 1.5/],
  ["missing weights", [{ ...datum(1, 2), loss_fn_inputs: { target_tokens: { data: [2] } } }], /expected weights, got none/],
  ["missing targets", [{ ...datum(1, 2), loss_fn_inputs: { weights: { data: [2] } } }], /expected target_tokens, got none/],
  [
    "tensors of other lengths",
    [{ ...datum(1, 2, 3), loss_fn_inputs: { target_tokens: { data: [2, 3] }, weights: { data: [1] } } }],
    /expected 2 numbers, got 1/,
  ],
  [
    "numbers that are not finite",
    [{ ...datum(1, 2), loss_fn_inputs: { target_tokens: { data: [2] }, weights: { data: [NaN] } } }],
    /finite numbers, got NaN/,
  ],
])("%s is never sent", async (_, data, message) => {
  const server = new StubServer();
  const { model } = await trained(server);
  const sent = server.seen.length;
  await expect(model.pass(data, { lossFn: "cross_entropy" })).rejects.toMatchObject({
    code: "TINKER_INPUT",
    message: expect.stringMatching(message) as string,
  });
  expect(server.seen).toHaveLength(sent);
});

test.each([
  ["NaN", { data: [NaN, NaN], dtype: "float32" }],
  ["null, as JSON has it", { data: [null, null], dtype: "float32" }],
  ["too few", { data: [-1], dtype: "float32" }],
])("log-probabilities that are %s are refused", async (_, logprobs) => {
  const server = new StubServer();
  server.takesProtobuf = false;
  const { model } = await trained(server);
  server.plan("retrieve_future", { json: { loss_fn_output_type: "scalar", loss_fn_outputs: [{ logprobs }], metrics: {} } });
  await expect(server.timer.settle(model.pass([datum(1, 2, 3)], { lossFn: "cross_entropy" }))).rejects.toMatchObject({
    code: "TINKER_VALUE",
  });
});

test("NaN is refused at masked tokens too", async () => {
  const server = new StubServer();
  server.takesProtobuf = false;
  const { model } = await trained(server);
  const row = datum(1, 2, 3);
  const masked = { ...row, loss_fn_inputs: { ...row.loss_fn_inputs, weights: { data: [0, 1], dtype: "float32" as const } } };
  const pass = (first: number | null) => {
    const logprobs = { data: [first, -1], dtype: "float32" };
    server.plan("retrieve_future", { json: { loss_fn_output_type: "scalar", loss_fn_outputs: [{ logprobs }] } });
    return server.timer.settle(model.pass([masked], { lossFn: "cross_entropy" }));
  };
  expect((await pass(-80)).logProbs[0]![0]).toBe(-80);
  await expect(pass(null)).rejects.toMatchObject({ code: "TINKER_VALUE" });
});

test.each([null, "NaN"])("a norm of %o is refused", async (norm) => {
  const server = new StubServer().plan("retrieve_future", () => undefined, { json: { metrics: { "skyrl.ai/grad_norm": norm } } });
  const { model } = await trained(server);
  await expect(server.timer.settle(model.optimStep({ learning_rate: 0.1 }))).rejects.toMatchObject({ code: "TINKER_VALUE" });
});

test("a server without a norm is believed", async () => {
  const server = new StubServer().plan("retrieve_future", () => undefined, { json: { type: "optim_step", metrics: { step: 1 } } });
  const { model } = await trained(server);
  expect(await server.timer.settle(model.optimStep({ learning_rate: 0.1 }))).toEqual({ gradNorm: undefined, metrics: { step: 1 } });
});

test("a large batch goes in pieces, numbered and sent in order, and a step behind it comes last", async () => {
  const server = new StubServer();
  const { model } = await trained(server, { chunks: { maxDatums: 2 } });
  const rows = Array.from({ length: 41 }, (_, i) => datum(1, 100 + i));
  const [pass] = await server.timer.settle(
    Promise.all([model.pass(rows, { lossFn: "cross_entropy" }), model.optimStep({ learning_rate: 0.1 })]),
  );
  expect(pass.logProbs.map(([value]) => Math.round(-100 * value!))).toEqual(rows.map((_, i) => 100 + i));
  const order = server.seen.filter(({ body }) => body["seq_id"] !== undefined).map(({ route, body }) => [route, body["seq_id"]]);
  expect(order).toEqual([...Array.from({ length: 21 }, (_, i) => ["forward_backward", i + 1]), ["optim_step", 22]]);
});

test("a batch is cut by bytes too", async () => {
  const server = new StubServer();
  const { model } = await trained(server, { chunks: { maxBytes: 300 } });
  const row = datum(1, 2, 3); // 16 + 2 · 4, and (13 + 24 + 2 · 8) + (7 + 24 + 2 · 4) for its tensors: 116 bytes
  await server.timer.settle(model.pass([row, row, row], { lossFn: "cross_entropy" }));
  expect(server.of("forward_backward").map(({ body }) => (body["forward_backward_input"] as { data: unknown[] }).data.length)).toEqual([
    2, 1,
  ]);
});

test("a piece that fails is told once all others have ended", async () => {
  const failed = { json: { error: "first" } };
  const server = new StubServer().plan("retrieve_future", () => undefined, failed, { json: { error: "second" } });
  const { model } = await trained(server, { chunks: { maxDatums: 1 } });
  await expect(server.timer.settle(model.pass([datum(1, 2), datum(1, 3), datum(1, 4)], { lossFn: "cross_entropy" }))).rejects.toThrow(
    "first",
  );
  expect(server.of("retrieve_future")).toHaveLength(4);
});

test("an abort ends a wait for a result", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  const server = new StubServer();
  const { model } = await trained(server);
  server.plan("retrieve_future", () => {
    controller.abort(reason);
    return "no answer";
  });
  await expect(server.timer.settle(model.optimStep({ learning_rate: 0.1 }, controller.signal))).rejects.toBe(reason);
});

test("heartbeats go on beside a call that takes long, and end with the session", async () => {
  const server = new StubServer().plan("retrieve_future", () => undefined, "no answer", "no answer");
  const { client, model } = await trained(server, { pollMs: 45_000 });
  server.plan("session_heartbeat", "cut", { status: 500, json: {} }, "no answer");
  const work = model.optimStep({ learning_rate: 0.1 });
  await server.timer.advance(59_000);
  expect(server.of("session_heartbeat").map(({ body }) => body["session_id"])).toEqual(Array.from({ length: 5 }, () => "session-1"));
  expect(client.heartbeat.missed).toBe(0); // the first three failed, and were not retried; the others came through
  await server.timer.settle(work);
  await server.timer.settle(client.close());
  const beats = server.of("session_heartbeat").length;
  await server.timer.advance(60_000);
  expect(server.of("session_heartbeat")).toHaveLength(beats);
  expect(server.timer.pending).toBe(0);
});

test("closing unloads every model once, by body and query", async () => {
  const server = new StubServer().plan("unload_model", { status: 500, json: {} }, { status: 500, json: {} });
  const { client, model } = await trained(server);
  await createModel(server, client);
  await server.timer.settle(client.close());
  await model.unload();
  const unloaded = server.of("unload_model").map(({ body, query }) => [body["model_id"], query]);
  expect(unloaded).toContainEqual(["model-0", "?model_id=model-0"]);
  expect(unloaded).toContainEqual(["model-1", "?model_id=model-1"]);
});

test.each(["nobody", "before", "once before", "after"])("a signal unloads; the process ends by it where %s listens too", async (other) => {
  const killed: string[] = [];
  const source = Object.assign(new EventEmitter(), { pid: 1, kill: (_: number, signal: string) => void killed.push(signal) });
  let closed = 0;
  if (other === "before") source.on("SIGINT", () => {});
  if (other === "once before") source.once("SIGINT", () => {});
  unloadOnSignals({ close: async () => void closed++ }, source);
  if (other === "after") source.on("SIGINT", () => {});
  source.emit("SIGINT");
  await new Promise(setImmediate);
  expect([closed, killed]).toEqual([1, other === "nobody" ? ["SIGINT"] : []]);
  expect(source.listenerCount("SIGTERM")).toBe(0);
});

test("hundreds of requests that share a signal add one listener to it", async () => {
  const controller = new AbortController();
  let listeners = 0;
  const add = controller.signal.addEventListener.bind(controller.signal);
  controller.signal.addEventListener = (...parts: Parameters<typeof add>) => {
    listeners++;
    add(...parts);
  };
  const server = new StubServer();
  const client = await server.connect();
  const weights = client.sampleFrom({ baseModel: "tiny" });
  await server.timer.settle(
    Promise.all(Array.from({ length: 200 }, () => weights.sample({ prompt: [1], params: {}, signal: controller.signal }))),
  );
  expect(listeners).toBe(1);
});

test("samples come from a session of the weights, numbered", async () => {
  const server = new StubServer();
  const client = await server.connect({ vocabSize: 300 });
  const weights = client.sampleFrom({ path: "tinker://m/s" });
  const params = { max_tokens: 4, seed: 3 };
  const [first] = await server.timer.settle(
    Promise.all([weights.sample({ prompt: [1, 2], params, samples: 2 }), weights.sample({ prompt: [1], params })]),
  );
  expect(first.sequences.map(({ tokens }) => Array.from(tokens))).toEqual([
    [7, 2],
    [7, 2],
  ]);
  expect(server.of("create_sampling_session").map(({ body }) => body["model_path"])).toEqual(["tinker://m/s"]);
  expect(server.of("asample").map(({ body }) => [body["sampling_session_id"], body["seq_id"], body["model_path"]])).toEqual([
    ["sampler-0", 0, undefined],
    ["sampler-0", 1, undefined],
  ]);
});

test("a server that makes no sampling session is sent the path", async () => {
  const server = new StubServer().plan("create_sampling_session", { status: 500, json: { detail: "KeyError" } });
  const client = await server.connect();
  await server.timer.settle(client.sampleFrom({ path: "tinker://m/s" }).sample({ prompt: [1], params: { max_tokens: 4 } }));
  expect(server.of("asample")[0]!.body).toMatchObject({ model_path: "tinker://m/s" });
});

test.each([
  [{ sequences: [{ stop_reason: "stop", tokens: [1], logprobs: [null] }] }, "TINKER_VALUE"],
  [{ sequences: [{ stop_reason: "stop", tokens: [1], logprobs: null }] }, "TINKER_VALUE"],
  [{ sequences: [{ stop_reason: "stop", tokens: [999], logprobs: [-1] }] }, "TINKER_ANSWER"],
  [{ sequences: [] }, "TINKER_ANSWER"],
  [{ nothing: true }, "TINKER_ANSWER"],
])("a sample that cannot be is refused: %o", async (json, code) => {
  const server = new StubServer().plan("retrieve_future", { json });
  const client = await server.connect({ vocabSize: 300 });
  await expect(server.timer.settle(client.sampleFrom({ baseModel: "tiny" }).sample({ prompt: [1], params: {} }))).rejects.toMatchObject({
    code,
  });
});

test("a thousand samples wait for at most as many results as allowed, and none is lost", async () => {
  const server = new StubServer();
  let [open, most] = [0, 0];
  const client = await server.connect({
    maxConcurrentSamples: 64,
    fetch: async (url, init) => {
      const isSample = url.endsWith("asample");
      if (isSample) most = Math.max(most, ++open);
      const response = await server.fetch(url, init);
      if (url.endsWith("retrieve_future")) open--;
      return response;
    },
  });
  const weights = client.sampleFrom({ baseModel: "tiny" });
  const all = Array.from({ length: 1_000 }, (_, seed) => weights.sample({ prompt: [1], params: { seed } }));
  expect(await server.timer.settle(Promise.all(all))).toHaveLength(1_000);
  expect(most).toBe(64);
  expect(new Set(server.of("asample").map(({ body }) => body["seq_id"])).size).toBe(1_000);
});

test("sequences of a long pass are made as they are sent, and no more are there than the server has", async () => {
  const server = new StubServer();
  const { model } = await trained(server, { chunks: { maxDatums: 2 } });
  const count = 99;
  let [made, most] = [0, 0];
  const found = new Map<number, Float32Array>();
  const source = {
    bytes: Array.from({ length: count }, () => 100),
    datum(index: number) {
      expect(index).toBe(made++);
      most = Math.max(most, made - found.size);
      return datum(1, index + 2);
    },
  };
  await server.timer.settle(model.passEach(source, { lossFn: "cross_entropy" }, (index, logProbs) => void found.set(index, logProbs)));
  expect(found.size).toBe(count);
  for (const [index, logProbs] of found) expect(logProbs).toEqual(Float32Array.of(-(index + 2) / 100));
  expect(most).toBeLessThanOrEqual(2 * 8);
});

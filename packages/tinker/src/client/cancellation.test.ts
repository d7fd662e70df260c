import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { Datum } from "../wire/forward-backward.js";
import { StubServer } from "./stub-server.test-support.js";
import type { TinkerClient } from "./tinker-client.js";
import type { TrainingModel } from "./training-model.js";
import { unloadOnSignals } from "./unload-on-signals.js";

async function trained(server: StubServer, options = {}): Promise<{ client: TinkerClient; model: TrainingModel }> {
  const client = await server.connect({ vocabSize: 300, ...options });
  return { client, model: await server.timer.settle(client.createModel({ baseModel: "tiny", lora: { rank: 4 } })) };
}

const row: Datum = {
  model_input: { chunks: [{ type: "encoded_text", tokens: [1, 2] }] },
  loss_fn_inputs: { target_tokens: { data: [2, 3], dtype: "int64" }, weights: { data: [1, 1], dtype: "float32" } },
};
const cancelled = (server: StubServer): unknown[] => server.of("cancel_future").map(({ body }) => body["request_id"]);
/** Ids that were asked for and have not been answered. */
const lastAsked = (server: StubServer, count: number): unknown[] =>
  server
    .of("retrieve_future")
    .slice(-count)
    .map(({ body }) => body["request_id"]);

test("samples that a caller gives up are cancelled at the server, each once", async () => {
  const server = new StubServer();
  const client = await server.connect();
  const controller = new AbortController();
  const reason = new Error("enough");
  server.plan("retrieve_future", ...Array.from({ length: 3 }, () => "no answer" as const));
  const weights = client.sampleFrom({ baseModel: "tiny" });
  const waits = [1, 2, 3].map((seed) => weights.sample({ prompt: [1], params: { seed }, signal: controller.signal }));
  const ends = Promise.allSettled(waits);
  await server.timer.advance(10);
  controller.abort(reason);
  expect(await server.timer.settle(ends)).toEqual(waits.map(() => ({ status: "rejected", reason })));
  await server.timer.settle(client.close());
  expect(cancelled(server).toSorted()).toEqual(lastAsked(server, 3).toSorted());
});

test("a wait that has lasted too long is cancelled", async () => {
  const server = new StubServer();
  const { client, model } = await trained(server, { resultMs: 10_000 });
  server.plan("retrieve_future", ...Array.from({ length: 99 }, () => ({ status: 408, json: {} })));
  await expect(server.timer.settle(model.pass([row], { lossFn: "cross_entropy" }))).rejects.toMatchObject({ code: "TINKER_TIMEOUT" });
  await server.timer.settle(client.close());
  expect(cancelled(server)).toEqual(lastAsked(server, 1));
});

test("a signal to the process cancels what is outstanding, and nothing that has its result", async () => {
  const server = new StubServer();
  const { client, model } = await trained(server);
  await server.timer.settle(model.pass([row], { lossFn: "cross_entropy" }));
  server.plan("retrieve_future", "no answer");
  const wait = model.pass([row], { lossFn: "cross_entropy" });
  wait.catch(() => {});
  await server.timer.advance(10);
  const source = Object.assign(new EventEmitter(), { pid: 1, kill: () => {} });
  unloadOnSignals(client, source);
  source.emit("SIGINT");
  await server.timer.advance(10);
  expect(cancelled(server)).toEqual(lastAsked(server, 1));
});

test("a server that cannot cancel is asked once, and nothing fails", async () => {
  const server = new StubServer();
  server.cancels = false;
  const client = await server.connect();
  for (let round = 0; round < 2; round++) {
    const controller = new AbortController();
    server.plan("retrieve_future", "no answer");
    const wait = client.sampleFrom({ baseModel: "tiny" }).sample({ prompt: [1], params: {}, signal: controller.signal });
    await server.timer.advance(10);
    controller.abort(new Error("enough"));
    await expect(server.timer.settle(wait)).rejects.toThrow("enough");
    await server.timer.advance(10);
  }
  await server.timer.settle(client.close());
  expect(cancelled(server)).toHaveLength(1);
});

test("a request that is being sent when its caller aborts is sent to its end, so that no number is missing, and cancelled", async () => {
  const server = new StubServer();
  const controller = new AbortController();
  let release: () => void = () => {};
  const { client, model } = await trained(server, {
    fetch: async (url: string, init: RequestInit) => {
      const isHeld = url.endsWith("forward_backward");
      if (isHeld) await new Promise<void>((resolve, reject) => {
        release = resolve;
        init.signal!.addEventListener("abort", () => reject(init.signal!.reason as Error)); // as fetch would
      });
      return server.fetch(url, init);
    },
  }); // prettier-ignore
  const wait = model.pass([row], { lossFn: "cross_entropy", signal: controller.signal });
  wait.catch(() => {});
  await server.timer.advance(10);
  controller.abort(new Error("enough"));
  await server.timer.advance(10);
  await expect(wait).rejects.toThrow("enough"); // at once
  release();
  await server.timer.settle(model.optimStep({ learning_rate: 0.1 }));
  await server.timer.settle(client.close());
  const numbers = server.seen.flatMap(({ route, body }) => (body["seq_id"] === undefined ? [] : [`${route} ${body["seq_id"] as number}`]));
  expect(numbers).toEqual(["forward_backward 1", "optim_step 2"]);
  expect(cancelled(server)).toHaveLength(1);
});

test("a request that cannot be sent is given up some time after its caller", async () => {
  const server = new StubServer();
  const controller = new AbortController();
  const { client, model } = await trained(server);
  server.plan("forward_backward", "no answer");
  const wait = model.pass([row], { lossFn: "cross_entropy", signal: controller.signal });
  wait.catch(() => {});
  await server.timer.advance(10);
  controller.abort(new Error("enough"));
  await expect(server.timer.settle(wait)).rejects.toThrow("enough");
  await server.timer.settle(client.close());
  expect(cancelled(server)).toEqual([]);
  expect(server.timer.now()).toBeLessThan(11_000);
});

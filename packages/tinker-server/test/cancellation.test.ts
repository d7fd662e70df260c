import { TinkerClient } from "@retool-ts/tinker";
import { expect, test } from "vitest";
import { closeAfterwards, openTiny } from "./faulty-network.js";
import { datum, pass, step } from "./test-client.js";

const DATA = [datum([1, 2, 3, 4, 5, 6]), datum([7, 8, 9, 1])];
const TARGETS = 8;
const CANCELLED = { type: "request_failed", error: "the request was cancelled", category: "user" };

test("a pass that is cancelled while it waits never runs, says so at once, and holds up nothing behind it", async () => {
  const tiny = await openTiny({ pollMs: 300 });
  const client = tiny.client();
  const { model } = await client.train();
  const late = await client.begin("forward_backward", pass(model, 2, DATA)); // number 1 has not come
  const spoiled = await client.begin("optim_step", step(model, 3));
  const [next, update] = [await client.begin("forward_backward", pass(model, 4, DATA)), await client.begin("optim_step", step(model, 5))];
  await client.post("cancel_future", { request_id: late });
  expect((await client.post("retrieve_future", { request_id: late })).body).toMatchObject(CANCELLED); // before its turn
  expect(tiny.server.status.trainedTokens).toBe(0);
  await client.call("forward_backward", pass(model, 1, DATA));
  // Half of a batch is no step: what the client believes to be its gradients is not there.
  expect((await client.result(spoiled))["error"]).toContain("its gradients are dropped, the weights are as they were: it was cancelled");
  expect(await client.result(next)).toMatchObject({ loss_fn_output_type: "scalar" });
  expect(await client.result(update)).toHaveProperty("metrics.grad_norm");
  expect(tiny.server.status.trainedTokens).toBe(2 * TARGETS);
  expect(await client.begin("forward_backward", pass(model, 2, DATA))).toBe(late); // the same request, and its outcome
});

test("a step that is cancelled while it waits is not taken", async () => {
  const tiny = await openTiny({ pollMs: 300 });
  const client = tiny.client();
  const { model } = await client.train();
  const scores = async (seq: number) =>
    (await client.call<{ loss_fn_outputs: unknown }>("forward_backward", { ...pass(model, seq, DATA), forward_only: true }))
      .loss_fn_outputs;
  const before = await scores(1);
  const update = await client.begin("optim_step", step(model, 3, { learning_rate: 0.1 }));
  await client.post("cancel_future", { request_id: update });
  expect((await client.post("retrieve_future", { request_id: update })).body).toMatchObject(CANCELLED);
  await client.call("forward_backward", pass(model, 2, DATA));
  expect(await scores(4)).toEqual(before);
});

test("a pass that is cancelled on its way ends at its next pause", async () => {
  const tiny = await openTiny({ pollMs: 300 });
  const client = tiny.client();
  const { session, model } = await client.train();
  const long = Array.from({ length: 400 }, (_, i) => datum(Array.from({ length: 60 }, (__, t) => (i + 3 * t) % 31)));
  const id = await client.begin("forward_backward", pass(model, 1, long)); // 200 parts
  const other = await client.model(session, 1); // has had its turn between two of them
  await client.post("cancel_future", { request_id: id });
  expect(await client.result(id)).toMatchObject(CANCELLED);
  expect(tiny.server.status.trainedTokens).toBe(0);
  expect((await client.call("optim_step", step(model, 2)))["error"]).toContain("its gradients are dropped");
  await client.call("forward_backward", pass(other, 1, DATA));
  expect(await client.call("optim_step", step(other, 2))).toHaveProperty("metrics.grad_norm");
});

test("samples that wait when they are cancelled are never drawn", async () => {
  const tiny = await openTiny({ pollMs: 300, maxSequences: 2 });
  const client = tiny.client();
  const body = (samples: number, tokens: number) => ({
    base_model: "tiny",
    num_samples: samples,
    prompt: { chunks: [{ tokens: [1, 2] }] },
    sampling_params: { max_tokens: tokens, stop: [], seed: 1 },
  });
  const first = await client.begin("asample", body(40, 50)); // twenty rounds
  const waiting = await client.begin("asample", body(8, 50));
  await client.post("cancel_future", { request_id: waiting });
  expect(await client.result(waiting)).toMatchObject(CANCELLED);
  await client.result(first);
  expect(tiny.server.status.sampledTokens).toBe(40 * 50);
});

test("our client: an abort ends the work at the server", async () => {
  const tiny = await openTiny({ pollMs: 2_000, maxSequences: 2 });
  const client = await TinkerClient.connect({ baseUrl: tiny.server.url });
  closeAfterwards(() => client.close());
  const weights = client.sampleFrom({ baseModel: "tiny" });
  const controller = new AbortController();
  const params = { max_tokens: 60, stop: [], seed: 1 };
  const wait = weights.sample({ prompt: [1], params, samples: 1_000, signal: controller.signal });
  await expect.poll(() => tiny.server.status.held).toBe(1);
  controller.abort(new Error("enough"));
  await expect(wait).rejects.toThrow("enough");
  await expect.poll(() => tiny.server.status.pending).toBe(0);
  expect(tiny.server.status.sampledTokens).toBe(0);
  expect((await weights.sample({ prompt: [1], params })).sequences).toHaveLength(1);
});

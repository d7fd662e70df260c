import type { ForwardBackwardOutput } from "@retool-ts/tinker/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { datum, logProbsOf, pass, step, type TestClient } from "./test-client.js";
import { TinyServer } from "./tiny-server.js";

let tiny: TinyServer;
let client: TestClient;
beforeEach(async () => {
  tiny = await TinyServer.open();
  client = tiny.client();
});
afterEach(() => tiny.close());

const good = datum([1, 2, 3, 4]);
const inputs = (changes: Record<string, unknown>, ids = [1, 2, 3, 4]) => {
  const one = datum(ids) as { loss_fn_inputs: Record<string, unknown> };
  return { ...one, loss_fn_inputs: { ...one.loss_fn_inputs, ...changes } };
};
const tensor = (data: unknown[], shape?: number[]) => ({ data, ...(shape && { shape }) });

describe("a batch that is refused", () => {
  const cases: [name: string, data: unknown[], message: string][] = [
    ["with an id beyond the vocabulary", [good, datum([1, 99_999, 3])], "data[1].model_input.chunks[0].tokens[1]: expected a token id from 0 to 31, found 99999"],
    ["with a padding row's id as target", [datum([1, 2, 33])], "data[0].loss_fn_inputs.target_tokens[1]: expected a token id from 0 to 31, found 33"],
    ["with a negative id", [datum([1, -1, 3])], "expected a token id from 0 to 31, found -1"],
    ["without data", [], "data: expected at least one datum, found an empty batch"],
    ["without tokens", [{ model_input: { chunks: [] }, loss_fn_inputs: {} }], "data[0].model_input: expected at least one token, found none"],
    ["with a tensor that is too short", [inputs({ weights: tensor([1, 1]) })], "data[0].loss_fn_inputs.weights: expected the shape [3]"],
    ["with a matrix", [inputs({ weights: tensor([1, 1, 1], [3, 1]) })], "expected the shape [3], one number a token of the input, found [3, 1] with 3 numbers"],
    ["without targets", [{ ...good, loss_fn_inputs: {} }], "data[0].loss_fn_inputs.target_tokens: expected 3 numbers"],
    ["with targets that are not the next tokens", [inputs({ target_tokens: tensor([2, 9, 4]) })], "target_tokens[1]: expected the input's next token, 3, found 9"],
    ["with advantages for cross-entropy", [inputs({ advantages: tensor([1, 1, 1]) })], "expected target_tokens, weights for cross_entropy, found advantages"],
    ["that is too long", [datum(Array.from({ length: 65 }, () => 1))], "data[0].model_input: expected at most 63 tokens, found 64"],
    ["with a sparse tensor", [inputs({ weights: { ...tensor([1]), sparse_crow_indices: [0, 1], sparse_col_indices: [0] } })], "expected a dense tensor, found a sparse one"],
  ]; // prettier-ignore

  test.each(cases)("%s gets 400, says where, and touches neither its own weights nor another tenant's", async (_, data, message) => {
    const { model } = await client.train();
    const neighbour = await client.train({ seed: 2 });
    const forward = (id: string) =>
      client.call<ForwardBackwardOutput>("forward_backward", { ...pass(id, undefined, [good]), forward_only: true });
    const before = [logProbsOf(await forward(model)), logProbsOf(await forward(neighbour.model))];
    const answer = await client.post("forward_backward", pass(model, 1, data));
    expect(answer.status).toBe(400);
    expect(answer.body["detail"]).toContain(message);
    // What went wrong is not stepped over in silence.
    const spoiled = await client.call("optim_step", step(model, 2));
    expect(spoiled["category"]).toBe("user");
    expect(spoiled["error"]).toContain("a forward_backward before it failed; its gradients are dropped");
    expect([logProbsOf(await forward(model)), logProbsOf(await forward(neighbour.model))]).toEqual(before);
    await client.call("forward_backward", pass(model, 3, [good]));
    expect(await client.call("optim_step", step(model, 4))).toHaveProperty("metrics.grad_norm");
  });
});

test("a refused pass spoils the step behind it and no other", async () => {
  const { model } = await client.train();
  const ids = [
    await client.begin("forward_backward", pass(model, 1, [good])),
    await client.begin("optim_step", step(model, 4)),
    await client.begin("optim_step", step(model, 2)),
  ];
  expect((await client.post("forward_backward", pass(model, 3, []))).status).toBe(400);
  expect(await client.result(ids[2]!)).toHaveProperty("metrics.grad_norm");
  expect(await client.result(ids[1]!)).toMatchObject({ type: "request_failed", category: "user" });
});

test("a ratio that overflows is told, and its gradients are dropped", async () => {
  const { model } = await client.train();
  const one = inputs({ logprobs: tensor([-1, -2000, -1]), advantages: tensor([0, 1, 0]) });
  const result = await client.call("forward_backward", pass(model, 1, [one], { loss_fn: "importance_sampling" }));
  expect(result["error"]).toContain("the ratio of some token overflows");
  expect(await client.call("optim_step", step(model, 2))).toMatchObject({ category: "user" });
});

test("numbers that are none, and bodies that are no bodies", async () => {
  const { model, session } = await client.train();
  const nan = await fetch(`${client.url}/api/v1/optim_step`, {
    method: "POST", headers: { "content-type": "application/json" }, body: `{"model_id":"${model}","adam_params":{"learning_rate":NaN}}`,
  }); // prettier-ignore
  expect(nan.status).toBe(400);
  const refusal = async (route: string, body: unknown, headers = {}) => {
    const answer = await client.post(route, body, headers);
    return `${answer.status} ${String(answer.body["detail"])}`;
  };
  expect(await refusal("optim_step", { model_id: model, adam_params: { learning_rate: -1 } })).toMatch(/^400 adam_params.learning_rate/);
  expect(await refusal("optim_step", step("nobody", 1))).toBe("404 model nobody is not known here: it never was, or has ended");
  expect(await refusal("forward_backward", new Uint8Array([10, 200]))).toMatch(/^400 body: expected a ForwardBackwardRequest in protobuf/);
  expect(await refusal("optim_step", new Uint8Array([1]))).toMatch(/^415 /);
  expect(await refusal("optim_step", step(model, 1), { "content-encoding": "zstd" })).toMatch(/^415 Content-Encoding zstd/);
  expect(await refusal("create_model", { session_id: session, model_seq_id: 1, base_model: "huge", lora_config: { rank: 1 } })).toBe(
    "400 base_model: expected one of tiny, found huge",
  );
  expect(await refusal("create_model", { session_id: session, model_seq_id: 1, base_model: "tiny" })).toContain(
    "this server trains adapters",
  );
  expect(
    await refusal("create_model", { session_id: session, model_seq_id: 1, base_model: "tiny", lora_config: { rank: 9999 } }),
  ).toContain("lora_config.rank: expected at most 256, found 9999");
  expect(await refusal("create_model", { session_id: "gone", model_seq_id: 1, base_model: "tiny", lora_config: { rank: 1 } })).toContain(
    "404 session gone",
  );
  expect(await refusal("retrieve_future", { request_id: "gone" })).toMatch(/^404 request gone/);
  expect((await client.get("nothing")).status).toBe(404);
});

test.each([
  ["finite, and absurd", 1e308],
  ["so large that sums overflow", 1e30],
])("a learning rate that is %s is refused, and the weights and the optimizer are as they were", async (_, rate) => {
  const { model } = await client.train();
  const other = await client.train();
  const forward = async (id: string) =>
    logProbsOf(await client.call<ForwardBackwardOutput>("forward_backward", { ...pass(id, undefined, [good]), forward_only: true }));
  // The first step of a model, and one behind another.
  await client.call("forward_backward", pass(model, 1, [good]));
  const refused = await client.call("optim_step", step(model, 2, { learning_rate: rate }));
  expect(refused).toMatchObject({ category: "user" });
  expect(refused["error"]).toContain(`optim_step: learning rate ${rate}: log-probabilities are no numbers`);
  for (const [seq, id] of [
    [3, model],
    [1, other.model],
  ] as const) {
    await client.call("forward_backward", pass(id, seq, [good]));
    await client.call("optim_step", step(id, seq + 1));
    await client.call("forward_backward", pass(id, seq + 2, [good]));
    if (id === model) {
      await client.call("optim_step", step(id, seq + 3, { learning_rate: rate }));
      await client.call("forward_backward", pass(id, seq + 4, [good]));
      await client.call("optim_step", step(id, seq + 5));
    } else await client.call("optim_step", step(id, seq + 3));
  }
  expect(await forward(model)).toEqual(await forward(other.model));
  const saved = await client.call("save_weights", { model_id: model, seq_id: 9, path: "sound" });
  const loaded = await client.model(other.session, 1);
  await client.call("load_weights", { model_id: loaded, seq_id: 1, path: saved["path"], optimizer: true });
  expect(await forward(loaded)).toEqual(await forward(model));
});

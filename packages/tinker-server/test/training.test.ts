import type { ForwardBackwardOutput, ForwardBackwardRequest } from "@retool-ts/tinker/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { datum, logProbsOf, pass, step, type TestClient } from "./test-client.js";
import { TinyServer } from "./tiny-server.js";

let tiny: TinyServer;
let client: TestClient;
beforeEach(async () => {
  tiny = await TinyServer.open({ server: { pollMs: 300 } });
  client = tiny.client();
});
afterEach(() => tiny.close());

const SENTENCES = [
  [1, 2, 3, 4, 5, 6],
  [7, 8, 9, 1],
  [3, 3, 5, 3, 5, 3, 5, 31],
];
const batch = SENTENCES.map((ids) => datum(ids));
const forward = (model: string, seq?: number) =>
  client.call<ForwardBackwardOutput>("forward", { model_id: model, seq_id: seq, forward_input: { data: batch, loss_fn: "cross_entropy" } });

describe("a pass", () => {
  test("gives each target's log-probability, and the sum of the loss", async () => {
    const { model } = await client.train();
    const output = await client.call<ForwardBackwardOutput>("forward_backward", pass(model, 1, batch));
    const lengths = logProbsOf(output).map(({ length }) => length);
    expect(lengths).toEqual([5, 3, 7]);
    const sum = -logProbsOf(output)
      .flat()
      .reduce((total, value) => total + value, 0);
    expect(output.metrics!["loss:sum"]).toBeCloseTo(sum, 5);
    expect(output.metrics!["num_tokens:sum"]).toBe(15);
    const elementwise = output.loss_fn_outputs.map((one) => Array.from(one["elementwise_loss"]!.data));
    expect(elementwise).toEqual(logProbsOf(output).map((values) => values.map((value) => -value)));
    // The adapter changes nothing yet: it is the base's own log-probabilities.
    const base = await client.call<{ prompt_logprobs: (number | null)[] }>("asample", {
      base_model: "tiny", prompt: { chunks: [{ tokens: SENTENCES[0] }] }, sampling_params: { max_tokens: 1 }, prompt_logprobs: true,
    }); // prettier-ignore
    logProbsOf(output)[0]!.forEach((value, i) => expect(value).toBeCloseTo(base.prompt_logprobs[i + 1]!, 5));
  });

  test("is the same in protobuf and JSON, alone and among others, in one call and in two", async () => {
    const { session, model } = await client.train();
    const other = await client.model(session, 1);
    const json = await client.call<ForwardBackwardOutput>("forward_backward", pass(model, 1, batch));
    const proto = await client.passInProtobuf(pass(other, 1, batch.slice(0, 1)) as unknown as ForwardBackwardRequest);
    await client.passInProtobuf(pass(other, 2, batch.slice(1)) as unknown as ForwardBackwardRequest);
    expect(logProbsOf(proto)[0]).toEqual(logProbsOf(json)[0]!.map(Math.fround));
    const norms = await Promise.all([client.call("optim_step", step(model, 2)), client.call("optim_step", step(other, 3))]);
    const [one, two] = norms.map(({ metrics }) => (metrics as { grad_norm: number }).grad_norm);
    expect(Math.abs(one! / two! - 1)).toBeLessThan(1e-6);
    const after = await Promise.all([forward(model, 3), forward(other, 4)]);
    logProbsOf(after[0]).flat().forEach((value, i) => expect(value).toBeCloseTo(logProbsOf(after[1]).flat()[i]!, 4)); // prettier-ignore
  });

  test("sums: twice the batch and twice the weights are twice the gradient", async () => {
    const { session, model } = await client.train();
    const norm = async (number: number, data: readonly unknown[]) => {
      const id = number === 0 ? model : await client.model(session, number);
      await client.call("forward_backward", pass(id, 1, data));
      return ((await client.call("optim_step", step(id, 2))).metrics as { grad_norm: number }).grad_norm;
    };
    const heavy = structuredClone(batch) as { loss_fn_inputs: { weights: { data: number[] } } }[];
    for (const { loss_fn_inputs: inputs } of heavy) inputs.weights.data = inputs.weights.data.map((weight) => 2 * weight);
    const [once, twice, weighted] = [await norm(0, batch), await norm(1, [...batch, ...batch]), await norm(2, heavy)];
    expect(twice / once).toBeCloseTo(2, 5);
    expect(weighted / once).toBeCloseTo(2, 5);
  });

  test("forward-only leaves no gradients behind, and a step without gradients changes nothing", async () => {
    const { session, model } = await client.train();
    const request = { ...pass(model, 1, batch), forward_only: true };
    const output = await client.call<ForwardBackwardOutput>("forward_backward", request);
    expect(output.metrics!["loss:sum"]).toBeGreaterThan(0);
    expect(await client.call("optim_step", step(model, 2))).toMatchObject({ metrics: { grad_norm: 0 } });
    expect(logProbsOf(await forward(model))).toEqual(logProbsOf(output));
    // It is not counted either: the first real step is that of a fresh model.
    const fresh = await client.model(session, 1);
    for (const [id, seq] of [[model, 3], [fresh, 1]] as const) {
      await client.call("forward_backward", pass(id, seq, batch));
      await client.call("optim_step", step(id, seq + 1));
    } // prettier-ignore
    expect(logProbsOf(await forward(model))).toEqual(logProbsOf(await forward(fresh)));
  });

  test("importance sampling at ratio 1 has cross-entropy's gradient, and other log-probabilities change it", async () => {
    const { session, model } = await client.train();
    const lp = logProbsOf(await client.call<ForwardBackwardOutput>("forward_backward", pass(model, 1, batch)));
    const policy = (shift: number) =>
      batch.map((one, i) => {
        const { target_tokens: targets } = (one as { loss_fn_inputs: { target_tokens: { data: number[] } } }).loss_fn_inputs;
        const numbers = { advantages: { data: targets.data.map(() => 1) }, logprobs: { data: lp[i]!.map((value) => value - shift) } };
        return { ...one, loss_fn_inputs: { target_tokens: targets, ...numbers } };
      });
    const norm = async (id: string, seq: number) =>
      ((await client.call("optim_step", step(id, seq))).metrics as { grad_norm: number }).grad_norm;
    const plain = await norm(model, 2);
    const ratios: number[] = [];
    for (const shift of [0, Math.log(1.5)]) {
      const id = await client.model(session, ratios.length + 1);
      await client.call("forward_backward", pass(id, 1, policy(shift), { loss_fn: "importance_sampling" }));
      ratios.push((await norm(id, 2)) / plain);
    }
    expect(ratios[0]).toBeCloseTo(1, 4);
    expect(ratios[1]).toBeCloseTo(1.5, 4);
  });
});

describe("the order", () => {
  test("is that of the numbers: chunks and a step that overtake one another give the same weights", async () => {
    const { session, model } = await client.train();
    const other = await client.model(session, 1);
    for (const one of [1, 2, 3]) await client.begin("forward_backward", pass(model, one, [batch[one - 1]!]));
    await client.call("optim_step", step(model, 4));
    const late = [await client.begin("optim_step", step(other, 4))];
    for (const one of [3, 2]) late.push(await client.begin("forward_backward", pass(other, one, [batch[one - 1]!])));
    expect((await client.post("retrieve_future", { request_id: late[0] })).status).toBe(408); // it waits for the first
    late.push(await client.begin("forward_backward", pass(other, 1, [batch[0]!])));
    for (const id of late) expect(await client.result(id)).not.toHaveProperty("error");
    expect(logProbsOf(await forward(other, 5))).toEqual(logProbsOf(await forward(model, 5)));
  });

  test("a number with the same body is the same request; with another body it is refused", async () => {
    const { model } = await client.train();
    const first = await client.begin("forward_backward", pass(model, 1, batch));
    expect(await client.begin("forward_backward", pass(model, 1, batch))).toBe(first);
    await client.result(first);
    expect(await client.begin("forward_backward", pass(model, 1, batch))).toBe(first);
    const other = await client.post("forward_backward", pass(model, 1, batch.slice(1)));
    expect([other.status, other.body["detail"]]).toEqual([409, "seq_id 1 was used by another request; the result of that one stands"]);
    // It was counted once.
    const { metrics } = await client.call("optim_step", step(model, 2));
    const second = await client.model(model.split(":")[0]!, 5);
    await client.call("forward_backward", pass(second, 1, batch));
    expect((await client.call("optim_step", step(second, 2))).metrics).toEqual(metrics);
  });

  test("requests without numbers run as they come", async () => {
    const { model } = await client.train();
    await client.call("forward_backward", pass(model, undefined, batch));
    expect(await client.call("optim_step", step(model, undefined))).toHaveProperty("metrics.grad_norm");
  });
});

test("a step takes its constants: Adam's first update is the learning rate, and a clipped gradient has the norm it had before", async () => {
  const { session, model } = await client.train();
  const before = logProbsOf(await forward(model));
  await client.call("forward_backward", pass(model, 1, batch));
  const frozen = await client.call("optim_step", step(model, 2, { learning_rate: 0 }));
  expect(logProbsOf(await forward(model))).toEqual(before);
  const other = await client.model(session, 1);
  await client.call("forward_backward", pass(other, 1, batch));
  const clipped = await client.call("optim_step", step(other, 2, { grad_clip_norm: 1e-3, eps: 1e-8 }));
  expect((clipped.metrics as { grad_norm: number }).grad_norm).toBe((frozen.metrics as { grad_norm: number }).grad_norm);
  expect(logProbsOf(await forward(other))).not.toEqual(before);
});

test("supervised steps teach a sentence", async () => {
  const { model } = await client.train({ rank: 8 });
  let loss = Infinity;
  for (let i = 0; i < 60; i++) {
    const output = await client.call<ForwardBackwardOutput>("forward_backward", pass(model, 2 * i + 1, [datum(SENTENCES[2]!, 2)]));
    loss = output.metrics!["loss:sum"]!;
    await client.call("optim_step", step(model, 2 * i + 2, { learning_rate: 0.03 }));
  }
  expect(loss).toBeLessThan(1);
});

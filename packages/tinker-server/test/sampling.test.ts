import type { SampleResponse } from "@retool-ts/tinker/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { datum, pass, step, type TestClient } from "./test-client.js";
import { EOS, letter, TinyServer, VOCABULARY } from "./tiny-server.js";

let tiny: TinyServer;
let client: TestClient;
beforeAll(async () => {
  tiny = await TinyServer.open();
  client = tiny.client();
});
afterAll(() => tiny.close());

const PROMPT = [1, 2, 3, 4];
const ask = (params: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  base_model: "tiny", prompt: { chunks: [{ tokens: PROMPT }] }, sampling_params: { max_tokens: 8, seed: 3, stop: [], ...params }, ...more,
}); // prettier-ignore
const sample = (params: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  client.call<SampleResponse>("asample", ask(params, more));
const tokens = ({ sequences }: SampleResponse) => sequences.map((sequence) => Array.from(sequence.tokens));

test("a seed gives the same samples, alone, in a group and beside others", async () => {
  const group = await sample({}, { num_samples: 12 }); // more than the server decodes at once
  expect(new Set(tokens(group).map(String)).size).toBeGreaterThan(10);
  const alone = await sample({});
  expect(tokens(alone)[0]).toEqual(tokens(group)[0]);
  const crowd = await Promise.all([sample({ seed: 4 }), sample({}, { num_samples: 5 }), sample({ seed: 5 })]);
  expect(tokens(crowd[1])).toEqual(tokens(group).slice(0, 5));
  expect(tokens(crowd[0])).not.toEqual(tokens(crowd[2]));
  expect(tokens(await sample({ seed: null }))).not.toEqual(tokens(await sample({ seed: null })));
});

test("log-probabilities are those of the whole vocabulary: of the sampled and of the prompt's tokens they agree with a pass", async () => {
  const { model } = await client.train();
  const [sequence] = (await sample({})).sequences;
  const ids = [...PROMPT, ...Array.from(sequence!.tokens)];
  const output = await client.call<{ loss_fn_outputs: { logprobs: { data: number[] } }[] }>("forward_backward", {
    ...pass(model, 1, [datum(ids)]),
    forward_only: true,
  });
  const scores = output.loss_fn_outputs[0]!.logprobs.data;
  Array.from(sequence!.logprobs!).forEach((value, i) => expect(value).toBeCloseTo(scores[PROMPT.length - 1 + i]!, 4));
  const whole = await sample({ max_tokens: 0 }, { prompt: { chunks: [{ tokens: ids }] }, prompt_logprobs: true });
  expect(whole.prompt_logprobs![0]).toBeNull();
  whole.prompt_logprobs!.slice(1).forEach((value, i) => expect(value).toBeCloseTo(scores[i]!, 5));
});

test("the likeliest tokens of a prompt come in order, with their log-probabilities", async () => {
  const response = await sample({ temperature: 0, max_tokens: 1 }, { topk_prompt_logprobs: 3, prompt_logprobs: true });
  expect(response.topk_prompt_logprobs).toHaveLength(PROMPT.length);
  expect(response.topk_prompt_logprobs![0]).toBeNull();
  const whole = await sample({ max_tokens: 1 }, { topk_prompt_logprobs: 34 });
  for (const [i, row] of whole.topk_prompt_logprobs!.slice(1).entries()) {
    expect(row!.reduce((sum, [, value]) => sum + Math.exp(value), 0)).toBeCloseTo(1, 5);
    expect(row!.slice(0, 3)).toEqual(response.topk_prompt_logprobs![i + 1]);
    expect(row!.every(([, value], j) => j === 0 || value <= row![j - 1]![1])).toBe(true);
    const own = row!.find(([id]) => id === PROMPT[i + 1]);
    expect(own![1]).toBeCloseTo(response.prompt_logprobs![i + 1]!, 5);
  }
});

test("temperature 0 takes the likeliest, top_k 1 as well, and padding rows are never sampled", async () => {
  const greedy = await sample({ temperature: 0 }, { num_samples: 2 });
  expect(tokens(greedy)[0]).toEqual(tokens(greedy)[1]);
  expect(tokens(await sample({ top_k: 1, seed: 9 }))[0]).toEqual(tokens(greedy)[0]);
  expect(tokens(await sample({ top_p: 1e-6, seed: 9 }))[0]).toEqual(tokens(greedy)[0]);
  const many = await sample({ temperature: 50, max_tokens: 40 }, { num_samples: 24 });
  const ids = tokens(many).flat();
  expect(Math.max(...ids)).toBe(VOCABULARY - 1);
});

describe("stops", () => {
  test("an id ends the sequence and stays in it; so does the end of sequence where none is named; an empty list stops at nothing", async () => {
    const free = tokens(await sample({ temperature: 3, max_tokens: 40, seed: 2 }, { num_samples: 8 }));
    const row = free.findIndex((ids) => ids.includes(EOS));
    const at = free[row]!.indexOf(EOS);
    expect(free[row]!.length).toBe(40);
    for (const stop of [[EOS], null]) {
      const cut = await sample({ temperature: 3, max_tokens: 40, seed: 2, stop }, { num_samples: 8 });
      expect(tokens(cut)[row]).toEqual(free[row]!.slice(0, at + 1));
      expect(cut.sequences[row]!.stop_reason).toBe("stop");
    }
    const short = await sample({ max_tokens: 2 });
    expect([short.sequences[0]!.stop_reason, tokens(short)[0]!.length]).toEqual(["length", 2]);
  });

  test("text ends it where the text is complete, and its tokens stay", async () => {
    const free = tokens(await sample({ temperature: 2, max_tokens: 30 }))[0]!;
    const text = free.map(letter).join("");
    const stop = text.slice(4, 6);
    const cut = await sample({ temperature: 2, max_tokens: 30, stop: [stop, "no such text"] });
    expect(tokens(cut)[0]!.map(letter).join("")).toBe(text.slice(0, text.indexOf(stop) + 2));
    expect(cut.sequences[0]!.stop_reason).toBe("stop");
    expect(tokens(await sample({ temperature: 2, max_tokens: 30, stop }))).toEqual(tokens(cut));
  });
});

test("samples come in protobuf where a client asks so, one id a sample with the promise", async () => {
  const json = await sample({}, { num_samples: 2, prompt_logprobs: true });
  const proto = await client.sampleInProtobuf(ask({}, { num_samples: 2, prompt_logprobs: true }));
  expect(tokens(proto)).toEqual(tokens(json));
  expect(proto.prompt_logprobs).toEqual(json.prompt_logprobs);
  const { body } = await client.post("asample", ask({}, { num_samples: 3 }));
  const ids = body["sample_sequence_ids"] as string[];
  expect(new Set(ids).size).toBe(3);
});

test("saved weights sample as they were, while training goes on", async () => {
  const { session, model } = await client.train();
  const train = async (seq: number) => {
    await client.call("forward_backward", pass(model, seq, [datum([1, 2, 3, 4, 5, 6, 7])]));
    await client.call("optim_step", step(model, seq + 1, { learning_rate: 0.05 }));
  };
  await train(1);
  const first = await client.call("save_weights_for_sampler", { model_id: model, seq_id: 3, sampling_session_seq_id: 0 });
  expect(first).toEqual({ type: "save_weights_for_sampler", path: null, sampling_session_id: `${session}:sample:0` });
  const drawn = () => sample({}, { base_model: undefined, sampling_session_id: first["sampling_session_id"] });
  const before = tokens(await drawn());
  await train(4);
  const named = await client.call("save_weights_for_sampler", { model_id: model, seq_id: 6, path: "s1" });
  expect(named["path"]).toBe(`tinker://${model}/sampler_weights/s1`);
  expect(tokens(await drawn())).toEqual(before);
  const byPath = await sample({}, { base_model: undefined, model_path: named["path"] });
  expect(byPath.sequences[0]!.logprobs).not.toEqual((await drawn()).sequences[0]!.logprobs);
  const made = await client.post("create_sampling_session", { session_id: session, sampling_session_seq_id: 7, model_path: named["path"] });
  expect((await client.get(`samplers/${String(made.body["sampling_session_id"])}`)).body).toEqual({
    sampler_id: `${session}:sample:7`, base_model: "tiny", model_path: named["path"],
  }); // prettier-ignore
  expect(await sample({}, { base_model: undefined, sampling_session_id: `${session}:sample:7` })).toEqual(byPath);
});

test("the same number of a sampling session is the same request", async () => {
  const { session } = await client.train();
  await client.post("create_sampling_session", { session_id: session, sampling_session_seq_id: 1, base_model: "tiny" });
  const body = ask({ seed: null }, { base_model: undefined, sampling_session_id: `${session}:sample:1`, seq_id: 4 });
  const before = tiny.server.status.sampledTokens;
  const [one, two] = await Promise.all([client.begin("asample", body), client.begin("asample", body)]);
  expect(two).toBe(one);
  const { sequences } = await client.result<SampleResponse>(one);
  expect(tiny.server.status.sampledTokens - before).toBe(sequences[0]!.tokens.length);
  expect((await client.post("asample", { ...body, num_samples: 2 })).status).toBe(409);
  // Without a number, the header that all retries of a request carry names it.
  const retry = ["a", "a", "b"].map((key) => client.post("asample", ask({ seed: null }), { "x-idempotency-key": key }));
  const ids = (await Promise.all(retry)).map((answer) => answer.body["request_id"]);
  expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
});

test("a cancelled sample ends", async () => {
  const id = await client.begin("asample", ask({ max_tokens: 59 }, { num_samples: 1000 }));
  await client.post("cancel_future", { request_id: id });
  expect(await client.result(id)).toMatchObject({ type: "request_failed", error: "the request was cancelled", category: "user" });
});

test("what cannot be sampled is refused", async () => {
  const refusal = async (params: Record<string, unknown>, more: Record<string, unknown> = {}) => {
    const answer = await client.post("asample", ask(params, more));
    return `${answer.status} ${String(answer.body["detail"])}`;
  };
  expect(await refusal({}, { prompt: { chunks: [{ tokens: [1, 32] }] } })).toBe(
    "400 prompt.chunks[0].tokens[1]: expected a token id from 0 to 31, found 32",
  );
  expect(await refusal({}, { prompt: { chunks: [] } })).toBe("400 prompt: expected at least one token, found none");
  expect(await refusal({}, { prompt: { chunks: [{ tokens: Array.from({ length: 64 }, () => 1) }] } })).toBe(
    "400 prompt: expected at most 63 tokens, found 64",
  );
  expect(await refusal({}, { num_samples: 5000 })).toBe("400 num_samples: expected a whole number from 1 to 1024, found 5000");
  expect(await refusal({ temperature: -1 })).toContain("400 sampling_params.temperature");
  expect(await refusal({ top_p: 0 })).toContain("400 sampling_params.top_p: expected a number above 0, at most 1, found 0");
  expect(await refusal({ stop: [""] })).toContain("400 sampling_params.stop");
  expect(await refusal({}, { topk_sample_logprobs: 2 })).toContain("this server does not offer it");
  expect(await refusal({}, { base_model: "other" })).toBe("400 base_model: expected one of tiny, found other");
  expect(await refusal({}, { base_model: undefined, sampling_session_id: "gone" })).toContain("404 sampling session gone");
  expect(await refusal({}, { base_model: undefined, model_path: "tinker://m/weights/w" })).toContain(
    "400 model_path: expected tinker://MODEL/sampler_weights/NAME",
  );
  const missing = await client.call("asample", ask({}, { base_model: undefined, model_path: "tinker://m/sampler_weights/w" }));
  expect(missing["error"]).toContain("checkpoint tinker://m/sampler_weights/w is not known here");
});

test("a temperature whose inverse no float holds is 0: the likeliest tokens, and log-probabilities that are numbers", async () => {
  const draw = async (temperature: number) => {
    const body = {
      base_model: "tiny",
      prompt: { chunks: [{ tokens: [1, 2] }] },
      sampling_params: { max_tokens: 4, stop: [], temperature },
    };
    return (await client.call<SampleResponse>("asample", body)).sequences[0]!;
  };
  expect(await draw(1e-320)).toEqual(await draw(0));
});

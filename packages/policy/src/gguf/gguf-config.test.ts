import { InputError } from "@retool-ts/core";
import { expect, test } from "vitest";
import { GGUF_TENSOR_TYPES } from "./dequantize.js";
import type { GgufValue } from "./gguf-cursor.js";
import { modelConfigFromGguf } from "./gguf-config.js";

const METADATA: Readonly<Record<string, GgufValue>> = {
  "general.architecture": "qwen2",
  "qwen2.context_length": 512,
  "qwen2.embedding_length": 32,
  "qwen2.attention.head_count": 4,
  "qwen2.attention.head_count_kv": 2,
  "qwen2.feed_forward_length": 48,
  "qwen2.block_count": 1,
  "qwen2.attention.layer_norm_rms_epsilon": Math.fround(1e-6),
  "qwen2.rope.freq_base": Math.fround(1_234_567.8),
};
const embedding = { shape: [20, 32], type: GGUF_TENSOR_TYPES.get(0)!, start: 0, end: 0 };

function read(changes: Readonly<Record<string, GgufValue>> = {}) {
  const metadata = new Map(Object.entries({ ...METADATA, ...changes }));
  return modelConfigFromGguf({ metadata, tensors: new Map([["token_embd.weight", embedding]]) }, undefined, "x.gguf");
}

test("32-bit floats become the shortest numbers that they stand for", () => {
  expect(read()).toMatchObject({ headDim: 8, vocabSize: 20, rmsNormEpsilon: 1e-6, ropeTheta: 1_234_567.8, tiedEmbeddings: true });
});

test.each([
  [{ "qwen2.expert_count": 8 }, /expert_count: expected a model without experts/],
  [{ "qwen2.rope.dimension_count": 4 }, /rope\.dimension_count: expected 8, the head size, found 4/],
  [{ "qwen2.attention.value_length": 16 }, /attention\.value_length: expected 8, the head size, found 16/],
  [{ "qwen2.logit_scale": 0.5 }, /logit_scale: expected 1, or nothing, found 0\.5/],
  [{ "qwen2.final_logit_softcapping": 30 }, /final_logit_softcapping: expected 0/],
  [{ "qwen2.attention.sliding_window": 64 }, /attention\.sliding_window: expected none, found 64/],
  [{ "qwen2.block_count": [1, 2] }, /block_count: expected one number/],
  [{ "general.architecture": "gemma" }, /general\.architecture: expected llama, qwen2 or qwen3, found gemma/],
])("%o is refused", (changes, message) => {
  expect(() => read(changes)).toThrow(message);
});

test.each([
  [{ "qwen2.rope.scale_linear": 4 }, 4], // older files
  [{ "qwen2.rope.scaling.factor": 4 }, 4], // linear is llama.cpp's type where none is named
  [{ "qwen2.rope.scaling.type": "linear", "qwen2.rope.scale_linear": 2 }, 2],
  [{ "qwen2.rope.scaling.factor": 8, "qwen2.rope.scale_linear": 2 }, 8],
])("%o scales positions linearly by %d", (changes, factor) => {
  expect(read(changes).ropeScaling).toEqual({ type: "linear", factor });
});

test("an older file's factor is also that of YaRN", () => {
  const changes = { "qwen2.rope.scaling.type": "yarn", "qwen2.rope.scale_linear": 4, "qwen2.rope.scaling.original_context_length": 128 };
  expect(read(changes).ropeScaling).toMatchObject({ type: "yarn", factor: 4, originalMaxPositions: 128 });
});

test.each([
  { "qwen2.rope.scaling.attn_factor": 2 },
  { "qwen2.rope.scaling.yarn_beta_fast": 16 },
  { "qwen2.rope.scaling.type": "longrope", "qwen2.rope.scaling.factor": 2 },
])("%o is a way of scaling that is refused, not ignored", (changes) => {
  expect(() => read(changes)).toThrow(InputError);
});

test.each([
  { "qwen2.rope.scaling.factor": 0 },
  { "qwen2.rope.scaling.factor": 1 },
  { "qwen2.rope.scale_linear": 1 },
  { "qwen2.rope.scaling.type": "none", "qwen2.rope.scaling.factor": 4 },
  { "qwen2.rope.scaling.yarn_beta_fast": 32 },
  { "qwen2.expert_count": 0 },
  { "qwen2.logit_scale": 1, "qwen2.attention.value_length": 8, "qwen2.attn_logit_softcapping": 0 },
  { "qwen2.rope.dimension_count": 8 },
  { "qwen2.attention.sliding_window": 512 },
])("%o changes nothing", (changes) => {
  expect(read(changes)).toEqual(read());
});

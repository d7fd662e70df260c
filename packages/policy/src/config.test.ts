import { InputError } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { TINY } from "../test/tiny.js";
import { modelConfigFromHuggingFace, modelConfigToHuggingFace, type ModelConfig } from "./config.js";
import type { RopeScaling } from "./rope-scaling.js";

/** The parts of Qwen2.5-0.5B's config.json that describe its shape. */
const QWEN = {
  model_type: "qwen2",
  vocab_size: 151936,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_position_embeddings: 32768,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  tie_word_embeddings: true,
  hidden_act: "silu",
  use_sliding_window: false,
  sliding_window: 32768,
};

describe("modelConfigFromHuggingFace", () => {
  test("fills in what the families leave out", () => {
    expect(modelConfigFromHuggingFace(QWEN)).toMatchObject({
      headDim: 64,
      attentionBias: true,
      queryKeyNorm: false,
      ropeTheta: 1e6,
      tiedEmbeddings: true,
    });
    const { num_key_value_heads: _, tie_word_embeddings: __, ...llama } = QWEN;
    expect(modelConfigFromHuggingFace({ ...llama, model_type: "llama" })).toMatchObject({
      kvHeads: 14,
      attentionBias: false,
      tiedEmbeddings: false,
    });
    expect(modelConfigFromHuggingFace({ ...QWEN, model_type: "qwen3", head_dim: 128 })).toMatchObject({ headDim: 128, queryKeyNorm: true });
  });

  test("reads the rotary base where transformers 5 puts it", () => {
    const { rope_theta: _, ...rest } = QWEN;
    expect(modelConfigFromHuggingFace({ ...rest, rope_parameters: { rope_type: "default", rope_theta: 500 } }).ropeTheta).toBe(500);
  });

  test.each(["qwen2", "qwen3", "llama", "mistral"] as const)("%s: writing and reading gives the same config", (modelType) => {
    const config: ModelConfig = { ...TINY, modelType, queryKeyNorm: modelType === "qwen3", attentionBias: modelType === "qwen2" };
    expect(modelConfigFromHuggingFace(modelConfigToHuggingFace(config))).toEqual(config);
  });

  const windows: readonly (readonly [object, ModelConfig["slidingWindow"]])[] = [
    [{ use_sliding_window: true, max_window_layers: 0 }, undefined], // as long as the positions
    [
      { use_sliding_window: true, sliding_window: 32767, max_window_layers: 0 },
      { size: 32767, firstLayer: 0 },
    ],
    [{ use_sliding_window: false, sliding_window: 8 }, undefined],
    [
      { use_sliding_window: true, sliding_window: 8, max_window_layers: 20 },
      { size: 8, firstLayer: 20 },
    ],
    [{ use_sliding_window: true, sliding_window: 8, max_window_layers: 24 }, undefined], // beyond the last layer
    [
      { model_type: "mistral", sliding_window: 4096 },
      { size: 4096, firstLayer: 0 },
    ],
    [{ model_type: "mistral", sliding_window: null }, undefined],
    [{ model_type: "llama", sliding_window: 8 }, undefined],
  ];
  test.each(windows)("sliding window of %o", (change, expected) => {
    const config = modelConfigFromHuggingFace({ ...QWEN, ...change });
    expect(config.slidingWindow).toEqual(expected);
    expect(modelConfigFromHuggingFace(modelConfigToHuggingFace(config))).toEqual(config);
  });

  const scalings: readonly (readonly [object, RopeScaling])[] = [
    [
      { type: "linear", factor: 2 },
      { type: "linear", factor: 2 },
    ],
    [
      { rope_type: "llama3", factor: 32, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 },
      { type: "llama3", factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 },
    ],
    [
      { type: "yarn", factor: 4, original_max_position_embeddings: 32768 },
      // 0.1 · ln 4 + 1
      {
        type: "yarn",
        factor: 4,
        betaFast: 32,
        betaSlow: 1,
        originalMaxPositions: 32768,
        attentionFactor: 1.138629436111989,
        truncate: true,
      },
    ],
  ];
  test.each([
    [{ factor: 0.5 }, 1], // shorter than trained: nothing to make up for
    [{ factor: 4, attention_factor: 1.5 }, 1.5],
    [{ factor: 4, mscale: 2, mscale_all_dim: 1 }, (0.2 * Math.log(4) + 1) / (0.1 * Math.log(4) + 1)],
  ])("attention factor of YaRN with %o", (fields, expected) => {
    const json = { rope_type: "yarn", original_max_position_embeddings: 32768, ...fields };
    const { ropeScaling } = modelConfigFromHuggingFace({ ...QWEN, rope_scaling: json });
    expect(ropeScaling).toMatchObject({ attentionFactor: expect.closeTo(expected, 12) as number });
  });

  test.each(scalings)("scaled positions %o", (json, expected) => {
    const config = modelConfigFromHuggingFace({ ...QWEN, rope_scaling: json });
    expect(config.ropeScaling).toEqual(expected);
    expect(modelConfigFromHuggingFace(modelConfigToHuggingFace(config))).toEqual(config);
  });

  const refused: readonly (readonly [string, object, RegExp])[] = [
    ["another family", { model_type: "gpt2" }, /config\.json: model_type/],
    ["a missing field", { hidden_size: undefined }, /config\.json: hidden_size/],
    ["another way to scale positions", { rope_scaling: { rope_type: "longrope", factor: 4 } }, /rope_scaling\.rope_type: .*longrope/],
    ["scaled positions without their factor", { rope_scaling: { type: "linear" } }, /rope_scaling\.factor: /],
    [
      "incomplete scaling as transformers 5 writes it",
      { rope_parameters: { rope_type: "llama3", factor: 8 } },
      /rope_parameters\.low_freq/,
    ],
    [
      "rotation of a part of each head",
      { rope_parameters: { partial_rotary_factor: 0.5 } },
      /partial_rotary_factor: expected 1, found 0\.5/,
    ],
    [
      "windows in alternating layers",
      { use_sliding_window: true, sliding_window: 8, layer_types: ["sliding_attention", "full_attention"] },
      /layer_types/,
    ],
    ["heads that do not divide", { num_key_value_heads: 4 }, /heads 14, kvHeads 4/],
    ["head sizes that are not whole", { hidden_size: 900 }, /headDim 64\.28/],
    ["head sizes that are odd", { head_dim: 63 }, /headDim 63/],
    ["a vocabulary of nothing", { vocab_size: 0 }, /vocab_size/],
    ["a width that no machine holds", { hidden_size: 2 ** 40 }, /hidden_size/],
    ["a million layers", { num_hidden_layers: 1e6 }, /num_hidden_layers/],
    ["a negative number", { intermediate_size: -1 }, /intermediate_size/],
    ["half a layer", { num_hidden_layers: 1.5 }, /num_hidden_layers/],
    ["no number", { rope_theta: Number.NaN }, /rope_theta/],
    ["an infinite number", JSON.parse('{ "rms_norm_eps": 1e999 }') as object, /rms_norm_eps/],
    ["another activation", { hidden_act: "gelu" }, /hidden_act/],
  ];
  test.each(refused)("%s is refused, naming the field", (_, change, message) => {
    const read = () => modelConfigFromHuggingFace({ ...QWEN, ...change });
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });
});

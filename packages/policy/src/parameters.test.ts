import { beforeAll, expect, test } from "vitest";
import { TINY } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import { parameterCount } from "./parameter-specs.js";
import { Parameters } from "./parameters.js";
import type { ModelConfig } from "./config.js";

beforeAll(() => useBackend("wasm").then(() => undefined));

function values(seed: number, config = TINY): Map<string, Float32Array> {
  const parameters = Parameters.initialize(config, { seed, embeddingStd: 0.1 });
  const result = new Map(parameters.specs.map(({ name }) => [name, parameters.get(name).dataSync().slice() as Float32Array]));
  parameters.dispose();
  return result;
}

test("weights are a pure function of the seed and each parameter's name", () => {
  expect(values(1)).toEqual(values(1));
  expect(values(1).get("embed")).not.toEqual(values(2).get("embed"));
  expect(values(1).get("layers.0.qkv")).not.toEqual(values(1).get("layers.1.qkv"));
  // a deeper model begins with the same embedding and projections
  expect(values(1, { ...TINY, layers: 3 }).get("layers.1.qkv")).toEqual(values(1).get("layers.1.qkv"));
});

test("standard deviations, norms and biases are as documented", () => {
  const config = { ...TINY, vocabSize: 600, hiddenSize: 64, intermediateSize: 160 };
  const all = values(4, config);
  const std = (name: string) => Math.sqrt(all.get(name)!.reduce((sum, x) => sum + x * x, 0) / all.get(name)!.length);
  const near = (name: string, expected: number) => expect(Math.abs(std(name) / expected - 1), name).toBeLessThan(0.04);
  near("embed", 0.1);
  near("layers.0.qkv", 1 / 8);
  near("layers.0.gateUp", 1 / 8);
  near("layers.0.down", 1 / Math.sqrt(160 * 4));
  expect(all.get("layers.0.keyNorm")!.every((x) => x === 1)).toBe(true);
  expect(all.get("layers.0.qkvBias")!.every((x) => x === 0)).toBe(true);
  expect(all.get("embed")!.every(Number.isFinite)).toBe(true);
});

const shapeOf = (modelType: ModelConfig["modelType"], numbers: readonly number[], more: Partial<ModelConfig>): ModelConfig => {
  const [vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const shape = { vocabSize, hiddenSize, intermediateSize, layers, heads, kvHeads, headDim, modelType };
  return { ...TINY, ...shape, tiedEmbeddings: true, attentionBias: false, queryKeyNorm: false, ...more };
};

test.each([
  // As the hub counts the weights of their safetensors files.
  ["Qwen2.5-0.5B", 494_032_768, shapeOf("qwen2", [151_936, 896, 4864, 24, 14, 2, 64], { attentionBias: true })],
  ["Qwen2.5-7B", 7_615_616_512, shapeOf("qwen2", [152_064, 3584, 18_944, 28, 28, 4, 128], { attentionBias: true, tiedEmbeddings: false })],
  ["Qwen3-4B", 4_022_468_096, shapeOf("qwen3", [151_936, 2560, 9728, 36, 32, 8, 128], { queryKeyNorm: true })],
  ["SmolLM2-135M", 134_515_008, shapeOf("llama", [49_152, 576, 1536, 30, 9, 3, 64], {})],
])("%s has %d parameters", (_, count, config) => {
  expect(parameterCount(config)).toBe(count);
});

test("an unknown name says so", () => {
  const parameters = Parameters.initialize(TINY, { seed: 1, embeddingStd: 0.1 });
  expect(() => parameters.get("layers.9.qkv")).toThrow("no parameter named layers.9.qkv");
  parameters.dispose();
});

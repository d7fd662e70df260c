import { beforeAll, expect, test } from "vitest";
import { TINY } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import { parameterCount } from "./config.js";
import { parameterSpecs } from "./parameter-specs.js";
import { Parameters } from "./parameters.js";

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

test.each([TINY, { ...TINY, tiedEmbeddings: false, attentionBias: false, queryKeyNorm: false, kvHeads: 4, headDim: 10 }])(
  "the count is the sum of all sizes",
  (config) => {
    const sizes = parameterSpecs(config).map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    expect(parameterCount(config)).toBe(sizes.reduce((sum, size) => sum + size, 0));
  },
);

test("an unknown name says so", () => {
  const parameters = Parameters.initialize(TINY, { seed: 1, embeddingStd: 0.1 });
  expect(() => parameters.get("layers.9.qkv")).toThrow("no parameter named layers.9.qkv");
  parameters.dispose();
});

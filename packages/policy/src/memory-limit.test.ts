import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { TINY } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import type { ModelConfig } from "./config.js";
import { loraSpecs, type LoraOptions } from "./lora/lora-options.js";
import { createKVCache } from "./kv-cache/kv-cache.js";
import { checkMemoryNeed, checkTrainingRoom } from "./memory-limit.js";
import { disposeLayout, packRows } from "./ops/packed.js";
import { Parameters } from "./parameters.js";

/** 1.5 billion parameters, and about a third of a billion. */
const LARGE: ModelConfig = { ...TINY, vocabSize: 151_936, hiddenSize: 1_536, intermediateSize: 8_960, layers: 28, heads: 12, kvHeads: 2, headDim: 128 }; // prettier-ignore
const MIDDLE: ModelConfig = { ...LARGE, layers: 4 };

test("a model that WebAssembly cannot hold is refused before a weight is read", async () => {
  await useBackend("wasm");
  const before = tf.memory().numBytes;
  let reads = 0;
  const load = Parameters.load(LARGE, async () => void reads++);
  const error: unknown = await load.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toMatch(/backend wasm: expected weights of less than 4 GiB, .* found 5\.8 GiB.*installNative/);
  expect(() => Parameters.initialize(LARGE, { seed: 1, embeddingStd: 0.1 })).toThrow("less than 4 GiB");
  expect([reads, tf.memory().numBytes]).toEqual([0, before]);
});

test("one that fits, but not with gradients and moments, may sample and train an adapter", async () => {
  await useBackend("wasm");
  const shapes = new Parameters(MIDDLE);
  expect(() => checkTrainingRoom(shapes)).toThrow(/weights, gradients and moments of less than 4 GiB.*addAdapter/);
  await useBackend("cpu"); // has the machine's memory
  checkTrainingRoom(shapes);
  await useBackend("wasm");
  const lora: LoraOptions = { rank: 2, alpha: 4, dropout: 0, modules: ["q"], seed: 1 };
  checkTrainingRoom({ count: shapes.count, lora, trainableSpecs: loraSpecs(MIDDLE, lora) });
});

test("a run is refused for what it will hold: activations of its rows, keys and values, a critic", async () => {
  await useBackend("wasm");
  const small: ModelConfig = {
    ...MIDDLE,
    vocabSize: 49_152,
    hiddenSize: 576,
    intermediateSize: 1_536,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    headDim: 64,
  };
  const use = { cachedTokens: 100, trainedTokens: 100 };
  checkMemoryNeed(small, use);
  expect(() => checkMemoryNeed(small, { ...use, trainedTokens: 1_536 })).toThrow(
    /found 4\.\d GiB \(weights 0\.50, moments 1\.00, gradients 0\.50, activations 2\.\d+\) with rows of 1,536 tokens.*addAdapter.*gradientCheckpointing/,
  );
  expect(() => checkMemoryNeed(small, { ...use, trainedTokens: 1_200 })).toThrow("less than 3.6 of the 4 GiB");
  checkMemoryNeed(small, { ...use, trainedTokens: 1_024 });
  checkMemoryNeed(small, { ...use, trainedTokens: 1_536, gradientCheckpointing: true });
  checkMemoryNeed(small, { ...use, trainedTokens: 512, lora: { rank: 16, modules: ["q"] } });
  expect(() => checkMemoryNeed(small, { ...use, cachedTokens: 60_000 })).toThrow(
    /keys and values 2\.57\) with 60,000 cached tokens.*maxSequences/,
  );
  expect(() => checkMemoryNeed(small, { ...use, critic: true })).toThrow(/critic 2\.00/);
  await useBackend("cpu"); // has the machine's memory
  checkMemoryNeed(small, { ...use, critic: true });
});

test("keys and values that WebAssembly cannot hold are refused before memory is taken, at first and when they grow", async () => {
  await useBackend("wasm");
  const before = tf.memory().numBytes;
  expect(() => createKVCache(LARGE, 2_000, 1_000)).toThrow(
    /KV cache: backend wasm: expected at most \d\.\d+ GiB more, .* found 6\.84 GiB.*maxSequences/, // 2,000 · 64 · 57,344 bytes
  );
  expect(tf.memory().numBytes).toBe(before);

  const cache = createKVCache(TINY, 1, 20_000_000); // 256 bytes a token
  const held = tf.memory().numBytes;
  const layout = packRows([1]);
  const qkv = tf.zeros<tf.Rank.R2>([1, 64]);
  expect(() => cache.attend(0, qkv, layout, Int32Array.of(0), Int32Array.of(19_000_000))).toThrow(/found 5\.\d+ GiB for longer or more/);
  disposeLayout(layout);
  qkv.dispose();
  expect(tf.memory().numBytes).toBe(held);
  cache.dispose();
});

import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { TINY } from "../test/tiny.js";
import { useBackend } from "./backend.js";
import type { ModelConfig } from "./config.js";
import { loraSpecs, type LoraOptions } from "./lora/lora-options.js";
import { checkTrainingRoom } from "./memory-limit.js";
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
  expect((error as Error).message).toMatch(/backend wasm: expected weights of less than 4 GiB, .* found 5\.8 GiB.*retool native install/);
  expect(() => Parameters.initialize(LARGE, { seed: 1, embeddingStd: 0.1 })).toThrow("less than 4 GiB");
  expect([reads, tf.memory().numBytes]).toEqual([0, before]);
});

test("one that fits, but not with gradients and moments, may sample and train an adapter", async () => {
  await useBackend("wasm");
  const shapes = new Parameters(MIDDLE);
  expect(() => checkTrainingRoom(shapes)).toThrow(/weights, gradients and moments of less than 4 GiB.*model\.lora/);
  await useBackend("cpu"); // has the machine's memory
  checkTrainingRoom(shapes);
  await useBackend("wasm");
  const lora: LoraOptions = { rank: 2, alpha: 4, dropout: 0, modules: ["q"], seed: 1 };
  checkTrainingRoom({ count: shapes.count, lora, trainableSpecs: loraSpecs(MIDDLE, lora) });
});

import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.js";
import { freeSpareMemory, WASM_BYTES } from "./memory-room.js";
import { memoryNeed, type MemoryUse } from "./memory-need.js";
import { MemoryError } from "./memory-error.js";
import type { LoraOptions } from "./lora/lora-options.js";
import type { TrainableParameters } from "./parameter-specs.js";

const GIB = 2 ** 30;
/**
 * Room for a training of all weights in WebAssembly's memory, in times what the formula says: tensors that come and go at each step leave
 * holes between them. Seven steps of SmolLM2's shape, of 480 to 1,024 tokens, measured 0.8 to 0.9.
 */
const WITH_HOLES = 1.1;

/**
 * Checks that weights can be held on the current backend, before any are read: WebAssembly ends at 4 GiB, whatever the machine has.
 *
 * @param floats - 32-bit floats to be held
 * @throws MemoryError when they are more than the backend can address.
 */
export function checkRoom(floats: number, use: "sample" | "train"): void {
  if (tf.getBackend() !== "wasm" || 4 * floats < WASM_BYTES) return;
  const parts = use === "sample" ? "weights" : "weights, gradients and moments";
  const expected = `${parts} of less than 4 GiB, where WebAssembly ends`;
  throw new MemoryError({ what: "model", where: "backend wasm", expected, found: `${((4 * floats) / GIB).toFixed(1)} GiB` }, [
    "native-backend",
    ...(use === "train" ? (["adapter"] as const) : []),
    "smaller-model",
  ]);
}

/** The parts of `Parameters` that say what training holds. */
interface TrainedWeights extends Pick<TrainableParameters, "trainableSpecs"> {
  /** Number of weights, without an adapter's. */
  readonly count: number;
  readonly lora: LoraOptions | undefined;
}

/**
 * Checks that a model can be trained on the current backend: beside its weights there are a gradient and two moments of each parameter
 * that training changes.
 *
 * @throws MemoryError when they are more than the backend can address.
 */
export function checkTrainingRoom(parameters: TrainedWeights): void {
  const trained = parameters.trainableSpecs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const held = parameters.lora === undefined ? trained : parameters.count + trained;
  checkRoom(held + 3 * trained, "train");
}

/**
 * Checks before a run that the current backend can address what it needs by {@link memoryNeed}.
 *
 * @throws MemoryError when it cannot, with the parts.
 */
export function checkMemoryNeed(config: ModelConfig, use: MemoryUse): void {
  const need = memoryNeed(config, use);
  const holes = use.lora === undefined && need.gradients > 0 ? WITH_HOLES : 1;
  if (tf.getBackend() !== "wasm" || need.total * holes < WASM_BYTES) return;
  const { keysAndValues, samplerWeights, gradients, activations, total } = need;
  const isFrozen = use.lora !== undefined;
  const sampling = keysAndValues + (isFrozen ? 0 : samplerWeights) > gradients + activations;
  const eightBits = { "weights in 8 bits": isFrozen || sampling ? samplerWeights : 0 };
  const always = Object.entries({
    weights: need.weights,
    moments: need.moments,
    critic: need.critic,
    reference: need.reference,
    ...eightBits,
  });
  const parts = [
    ...always.filter(([, bytes]) => bytes > 0),
    ...(sampling
      ? [["keys and values", keysAndValues] as const]
      : [["gradients", gradients] as const, ["activations", activations] as const]),
  ];
  const limit = holes === 1 ? "4" : `${(4 / holes).toFixed(1)} of the 4`;
  const load = sampling
    ? `${use.cachedTokens.toLocaleString("en-US")} cached tokens`
    : `rows of ${use.trainedTokens.toLocaleString("en-US")} tokens`;
  const found = `${(total / GIB).toFixed(1)} GiB (${parts.map(([name, bytes]) => `${name} ${(bytes / GIB).toFixed(2)}`).join(", ")}) with ${load}`;
  throw new MemoryError(
    { what: "model", where: "backend wasm", expected: `a run that holds less than ${limit} GiB, where WebAssembly ends`, found },
    [
      "native-backend",
      ...(sampling ? (["fewer-sequences"] as const) : []),
      ...(!sampling && use.lora === undefined ? (["adapter"] as const) : []),
      ...(sampling ? [] : (["recompute-layers", "shorter-rows"] as const)),
      "smaller-model",
    ],
  );
}

/**
 * Checks that keys and values have room beside the tensors that are there, before memory is taken for them.
 *
 * @param bytes - to be taken
 * @throws MemoryError when the backend cannot address them.
 */
export function checkCacheRoom(bytes: number): void {
  if (tf.getBackend() !== "wasm") return;
  if (tf.memory().numBytes + bytes >= WASM_BYTES) freeSpareMemory();
  const { numBytes } = tf.memory();
  if (numBytes + bytes < WASM_BYTES) return;
  const expected = `at most ${((WASM_BYTES - numBytes) / GIB).toFixed(2)} GiB more, where WebAssembly's 4 GiB end`;
  const found = `${(bytes / GIB).toFixed(2)} GiB for longer or more sequences`;
  throw new MemoryError({ what: "KV cache", where: "backend wasm", expected, found }, ["fewer-sequences", "native-backend"]);
}

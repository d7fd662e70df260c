import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.js";
import { memoryNeed, type MemoryUse } from "./memory-need.js";
import type { LoraOptions } from "./lora/lora-options.js";
import type { TrainableParameters } from "./parameter-specs.js";

/** All that WebAssembly can address, in bytes. */
const WASM_BYTES = 2 ** 32;
const GIB = 2 ** 30;
/**
 * How much of WebAssembly's memory a training of all weights takes, in times what it holds: tensors that come and go at each step leave
 * holes between them. Measured over five steps of SmolLM2's shape: 1.25 to 1.4.
 */
const WITH_HOLES = 1.4;

/**
 * Looks whether weights can be held on the current backend, before any are read: WebAssembly ends at 4 GiB, whatever the machine has.
 *
 * @param floats - 32-bit floats to be held
 * @throws InputError when they are more than the backend can address.
 */
export function checkRoom(floats: number, use: "sample" | "train"): void {
  if (tf.getBackend() !== "wasm" || 4 * floats < WASM_BYTES) return;
  const parts = use === "sample" ? "weights" : "weights, gradients and moments";
  throw new InputError({
    what: "model",
    where: "backend wasm",
    expected: `${parts} of less than 4 GiB, where WebAssembly ends`,
    found: `${((4 * floats) / GIB).toFixed(1)} GiB`,
    fix: `use native TensorFlow (retool native install), ${use === "train" ? "train an adapter (model.lora), " : ""}or a smaller model`,
  });
}

/** What training holds of a model: the parts of `Parameters` that say so. */
interface TrainedWeights extends Pick<TrainableParameters, "trainableSpecs"> {
  /** Number of weights, without an adapter's. */
  readonly count: number;
  readonly lora: LoraOptions | undefined;
}

/**
 * Looks whether a model can be trained on the current backend: beside its weights there are a gradient and two moments of each parameter
 * that training changes.
 *
 * @throws InputError when they are more than the backend can address.
 */
export function checkTrainingRoom(parameters: TrainedWeights): void {
  const trained = parameters.trainableSpecs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const held = parameters.lora === undefined ? trained : parameters.count + trained;
  checkRoom(held + 3 * trained, "train");
}

/**
 * Looks before a run whether the current backend can address what it needs by {@link memoryNeed}.
 *
 * @throws InputError when it cannot, with the parts.
 */
export function checkMemoryNeed(config: ModelConfig, use: MemoryUse): void {
  const need = memoryNeed(config, use);
  const holes = use.lora === undefined && need.gradients > 0 ? WITH_HOLES : 1;
  if (tf.getBackend() !== "wasm" || need.total * holes < WASM_BYTES) return;
  const { keysAndValues, gradients, activations, total } = need;
  const sampling = keysAndValues > gradients + activations;
  const always = Object.entries({ weights: need.weights, moments: need.moments, critic: need.critic, reference: need.reference });
  const parts = [
    ...always.filter(([, bytes]) => bytes > 0),
    ...(sampling
      ? [["keys and values", keysAndValues] as const]
      : [["gradients", gradients] as const, ["activations", activations] as const]),
  ];
  const smaller = sampling
    ? `sample fewer or shorter sequences than ${use.cachedTokens.toLocaleString("en-US")} tokens in all`
    : `${use.lora === undefined ? "train an adapter (model.lora), " : ""}set optimizer.gradientCheckpointing or shorten rows of ${use.trainedTokens.toLocaleString("en-US")} tokens`;
  throw new InputError({
    what: "model",
    where: "backend wasm",
    expected: `a run that holds less than ${holes === 1 ? "4" : `${(4 / holes).toFixed(1)} of the 4`} GiB, where WebAssembly ends`,
    found: `${(total / GIB).toFixed(1)} GiB (${parts.map(([name, bytes]) => `${name} ${(bytes / GIB).toFixed(2)}`).join(", ")})`,
    fix: `use native TensorFlow (retool native install), ${smaller}, or take a smaller model`,
  });
}

/**
 * Looks whether keys and values have room beside the tensors that are there, before memory is taken for them.
 *
 * @param bytes - to be taken
 * @throws InputError when the backend cannot address them.
 */
export function checkCacheRoom(bytes: number): void {
  if (tf.getBackend() !== "wasm") return;
  const { numBytes } = tf.memory();
  if (numBytes + bytes < WASM_BYTES) return;
  throw new InputError({
    what: "KV cache",
    where: "backend wasm",
    expected: `at most ${((WASM_BYTES - numBytes) / GIB).toFixed(2)} GiB more, where WebAssembly's 4 GiB end`,
    found: `${(bytes / GIB).toFixed(2)} GiB for longer or more sequences`,
    fix: "lower sampler.kvCacheMiB, train.groupSize or budgets.maxResponseTokens, or use native TensorFlow (retool native install)",
  });
}

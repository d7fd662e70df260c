import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "./parameters.js";

/** All that WebAssembly can address, in bytes. */
const WASM_BYTES = 2 ** 32;
const GIB = 2 ** 30;

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

/**
 * Looks whether a model can be trained on the current backend: beside its weights there are a gradient and two moments of each parameter
 * that training changes.
 *
 * @throws InputError when they are more than the backend can address.
 */
export function checkTrainingRoom(parameters: Pick<Parameters, "count" | "lora" | "trainableSpecs">): void {
  const trained = parameters.trainableSpecs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const held = parameters.lora === undefined ? trained : parameters.count + trained;
  checkRoom(held + 3 * trained, "train");
}

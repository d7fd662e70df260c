// WebGPU for TensorFlow.js. It is a file of its own, which only a browser with a graphics card loads.
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import type { Compute } from "../engine/compute.js";
import { freeUnused } from "../engine/unused-buffers.js";

/** Bytes on the card up to which buffers are kept for tensors of the same size. */
const MOST_BYTES = 256 * 2 ** 20;

/** @throws Error when it does not start. */
export async function openWebGpu(): Promise<Compute> {
  // Not by tf.setBackend alone: that would say of a failure no more than false.
  await activate();
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new Error("it did not start");
  const { device } = backend;
  const gone = device.lost.then(({ message, reason }) => message.split("\n")[0] || reason);
  // An operation that the device refuses leaves its result as it was, without an error in JavaScript.
  const refused = new Promise<string>((resolve) => {
    device.addEventListener("uncapturederror", ({ error }) => resolve(error.message.split("\n")[0]!), { once: true });
  });
  return { name: "webgpu", activate, lost: Promise.race([gone, refused]), freeUnused: () => freeUnused(backend.bufferManager, MOST_BYTES) };
}

async function activate(): Promise<void> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("it did not start");
  await tf.ready();
}

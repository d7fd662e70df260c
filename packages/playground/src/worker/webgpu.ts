// WebGPU for TensorFlow.js. It is a file of its own, which only a browser with a graphics card loads.
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import type { Compute } from "../engine/compute.js";

/** @throws Error when it does not start. */
export async function openWebGpu(): Promise<Compute> {
  // Not by tf.setBackend alone: that would say of a failure no more than false.
  await activate();
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new Error("it did not start");
  const lost = backend.device.lost.then(({ message, reason }) => message.split("\n")[0] || reason);
  return { name: "webgpu", activate, lost };
}

async function activate(): Promise<void> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("it did not start");
  await tf.ready();
}

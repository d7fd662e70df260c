import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { expect, test, vi } from "vitest";
import { freeUnused, type BufferManager } from "./unused-buffers.js";

/** A device that makes buffers without memory, for TensorFlow.js's own manager of them. */
function manager() {
  let destroyed = 0;
  const createBuffer = ({ size, usage }: { readonly size: number; readonly usage: number }) => ({
    size,
    usage,
    destroy: () => void destroyed++,
  });
  vi.stubGlobal("navigator", { gpu: {} });
  const backend = new WebGPUBackend({ createBuffer, queue: {}, features: new Set() } as unknown as GPUDevice);
  vi.unstubAllGlobals();
  return { own: backend.bufferManager as unknown as BufferManager, destroyed: () => destroyed };
}

test("buffers that no tensor has are freed once there are too many, and the others stay", () => {
  const { own, destroyed } = manager();
  const used = own.acquireBuffer(1_000, 1);
  for (let step = 1; step <= 50; step++) own.releaseBuffer(own.acquireBuffer(step, 1)); // as TensorFlow.js does: each size is kept
  expect(own.numBytesAllocated).toBe(1_000 + (50 * 51) / 2);
  freeUnused(own, 10_000);
  expect(destroyed()).toBe(0);
  freeUnused(own, 1_000);
  expect([own.numBytesAllocated, destroyed()]).toEqual([1_000, 50]);
  own.releaseBuffer(used);
  expect(own.acquireBuffer(1_000, 1)).toBe(used);
});

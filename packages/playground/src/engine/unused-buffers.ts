/** The part of TensorFlow.js's manager of WebGPU buffers that frees need. */
export interface BufferManager {
  /** Bytes of all buffers, those kept for later use included. */
  readonly numBytesAllocated: number;
  acquireBuffer(size: number, usage: number): Buffer;
  releaseBuffer(buffer: Buffer, reuse?: boolean): void;
}

interface Buffer {
  readonly size: number;
  readonly usage: number;
}

/**
 * Frees the buffers that no tensor has. TensorFlow.js keeps each of them for the next tensor of the same size, for ever; as every step has texts of
 * other lengths, they would fill the card.
 *
 * @param most - bytes up to which all are kept
 */
export function freeUnused(manager: object, most: number): void {
  const { freeBuffers } = manager as { readonly freeBuffers?: ReadonlyMap<string, readonly Buffer[]> };
  const own = manager as BufferManager;
  if (freeBuffers === undefined || own.numBytesAllocated <= most) return;
  const unused = [...freeBuffers.values()].flat();
  for (const { size, usage } of unused) own.releaseBuffer(own.acquireBuffer(size, usage), false);
}

import * as tf from "@tensorflow/tfjs-core";
import { currentPlatform } from "./platform.js";

/** All that WebAssembly can address, in bytes. */
export const WASM_BYTES = 2 ** 32;
const FLOAT = 4;
/** Share of the memory without use that logits may take; the rest is for gradients, and for others. */
const LOGITS_SHARE = 1 / 4;
/** Share that copies may take, which are given back when somebody has no room. */
const COPIES_SHARE = 1 / 2;

/**
 * Number of logits that may stay in memory until the backward pass: a quarter of what the machine has free, and on wasm, whose memory has
 * holes, of what is left of its first half.
 */
export function roomForLogits(): number {
  return Math.floor(LOGITS_SHARE * freeFloats());
}

/**
 * Number of floats that may be held for speed alone: half of what would be free without those that are held already.
 *
 * @param held - of them, now
 */
export function roomForCopies(held: number): number {
  return Math.floor(COPIES_SHARE * (freeFloats() + held));
}

/** 0 where nobody knows. */
function freeFloats(): number {
  const free = currentPlatform()?.freeBytes() ?? Infinity;
  const left = tf.getBackend() === "wasm" ? Math.min(free, WASM_BYTES / 2 - tf.memory().numBytes) : free;
  return Number.isFinite(left) ? Math.max(0, left / FLOAT) : 0;
}

const spares = new Set<() => void>();

/** Offers memory that is held for speed alone to whoever has no room otherwise. Returns what takes the offer back. */
export function spareMemory(release: () => void): () => void {
  spares.add(release);
  return () => void spares.delete(release);
}

/** Has all memory freed that is held for speed alone. */
export function freeSpareMemory(): void {
  for (const release of spares) release();
}

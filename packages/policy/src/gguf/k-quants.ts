// ggml's "k" formats: blocks of 256 weights, whose groups of 32 or 16 have small scales of their own.
import { halfFloats } from "../checkpoint/half-floats.js";

/** Q4_K: scale, scale of the least weights, 12 bytes with the scales of 8 groups, 128 bytes of 4-bit weights. */
export function dequantizeQ4K(bytes: Uint8Array, count: number, out: Float32Array, start: number): void {
  for (let block = 0; block < count / 256; block++) {
    groupsOf32(bytes, 144 * block, undefined, 144 * block + 16, out, start + 256 * block);
  }
}

/** Q5_K: as Q4_K, with 32 bytes of fifth bits before the others: bit g of byte i belongs to weight i of group g. */
export function dequantizeQ5K(bytes: Uint8Array, count: number, out: Float32Array, start: number): void {
  for (let block = 0; block < count / 256; block++) {
    groupsOf32(bytes, 176 * block, 176 * block + 16, 176 * block + 48, out, start + 256 * block);
  }
}

/** One block of Q4_K or Q5_K; groups 2j and 2j + 1 share 32 bytes, lower halves first. */
function groupsOf32(bytes: Uint8Array, from: number, fifth: number | undefined, packed: number, out: Float32Array, to: number): void {
  const halves = halfFloats();
  const scale = halves[bytes[from]! | (bytes[from + 1]! << 8)]!;
  const leastScale = halves[bytes[from + 2]! | (bytes[from + 3]! << 8)]!;
  for (let group = 0; group < 8; group++) {
    const d = scale * sixBits(bytes, from + 4, group, 0);
    const least = leastScale * sixBits(bytes, from + 4, group, 4);
    const shift = 4 * (group & 1);
    for (let i = 0; i < 32; i++) {
      let weight = (bytes[packed + 32 * (group >> 1) + i]! >> shift) & 15;
      if (fifth !== undefined) weight |= ((bytes[fifth + i]! >> group) & 1) << 4;
      out[to + 32 * group + i] = d * weight - least;
    }
  }
}

/**
 * Six-bit scale of a group. Scales (`part` 0) and scales of the least weights (`part` 4) of groups 0 to 3 lie in bytes 0 to 7; those of
 * groups 4 to 7 have their lower four bits in bytes 8 to 11 and their upper two on top of the bytes of groups 0 to 3.
 */
function sixBits(bytes: Uint8Array, from: number, group: number, part: 0 | 4): number {
  if (group < 4) return bytes[from + part + group]! & 63;
  const low = (bytes[from + 4 + group]! >> part) & 15;
  return low | ((bytes[from + part + group - 4]! >> 6) << 4);
}

/**
 * Q6_K: 128 bytes of lower four bits, 64 bytes of upper two bits, 16 signed scales, scale. Each half of the block has four groups of 32:
 * groups 0 and 2, and 1 and 3, share bytes of lower bits, and all four share bytes of upper bits.
 */
export function dequantizeQ6K(bytes: Uint8Array, count: number, out: Float32Array, start: number): void {
  const halves = halfFloats();
  for (let block = 0; block < count / 256; block++) {
    const from = 210 * block;
    const scale = halves[bytes[from + 208]! | (bytes[from + 209]! << 8)]!;
    for (let i = 0; i < 256; i++) {
      const [half, group, place] = [i >> 7, (i >> 5) & 3, i & 31];
      const low = (bytes[from + 64 * half + 32 * (group & 1) + place]! >> (4 * (group >> 1))) & 15;
      const high = (bytes[from + 128 + 32 * half + place]! >> (2 * group)) & 3;
      const groupScale = (bytes[from + 192 + (i >> 4)]! << 24) >> 24;
      out[start + 256 * block + i] = scale * groupScale * ((low | (high << 4)) - 32);
    }
  }
}

// The block formats of ggml, as its headers describe them: weights of one row are stored in blocks that share a scale.
import { halfFloats } from "../checkpoint/half-floats.js";
import { dequantizeQ4K, dequantizeQ5K, dequantizeQ6K } from "./k-quants.js";

/** Writes `count` weights that `bytes` hold to `out`, from place `start` on. */
export type Dequantize = (bytes: Uint8Array, count: number, out: Float32Array, start: number) => void;

/** Storage of a tensor's weights. */
export interface GgufTensorType {
  readonly name: string;
  /** Weights in a block. */
  readonly blockSize: number;
  /** Bytes of a block. */
  readonly blockBytes: number;
  readonly dequantize: Dequantize;
}

const dequantizeF32: Dequantize = (bytes, count, out, start) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let i = 0; i < count; i++) out[start + i] = view.getFloat32(4 * i, true);
};

const dequantizeF16: Dequantize = (bytes, count, out, start) => {
  const halves = halfFloats();
  for (let i = 0; i < count; i++) out[start + i] = halves[bytes[2 * i]! | (bytes[2 * i + 1]! << 8)]!;
};

const dequantizeBF16: Dequantize = (bytes, count, out, start) => {
  const bits = new Uint32Array(out.buffer, out.byteOffset + 4 * start, count);
  for (let i = 0; i < count; i++) bits[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24);
};

/** Scale, then 32 signed bytes. */
const dequantizeQ8: Dequantize = (bytes, count, out, start) => {
  const halves = halfFloats();
  for (let block = 0; block < count / 32; block++) {
    const from = 34 * block;
    const scale = halves[bytes[from]! | (bytes[from + 1]! << 8)]!;
    const to = start + 32 * block;
    for (let i = 0; i < 32; i++) out[to + i] = scale * ((bytes[from + 2 + i]! << 24) >> 24);
  }
};

/**
 * Q4_0, Q4_1, Q5_0, Q5_1: scale, then the least weight (`_1`) or none (`_0`, where it is −scale times half the range), then the fifth
 * bits of the 32 weights (Q5), then their lower four bits: weights i and i + 16 share a byte.
 */
function blocksOf32(bits: 4 | 5, withLeast: boolean): Dequantize {
  const header = 2 + (withLeast ? 2 : 0);
  const packed = header + (bits === 5 ? 4 : 0);
  const offset = withLeast ? 0 : 2 ** (bits - 1);
  return (bytes, count, out, start) => {
    const halves = halfFloats();
    for (let block = 0; block < count / 32; block++) {
      const from = (packed + 16) * block;
      const scale = halves[bytes[from]! | (bytes[from + 1]! << 8)]!;
      const least = withLeast ? halves[bytes[from + 2]! | (bytes[from + 3]! << 8)]! : 0;
      const to = start + 32 * block;
      for (let i = 0; i < 16; i++) {
        const pair = bytes[from + packed + i]!;
        let [low, high] = [pair & 15, pair >> 4];
        if (bits === 5) {
          low |= ((bytes[from + header + (i >> 3)]! >> (i & 7)) & 1) << 4;
          high |= ((bytes[from + header + 2 + (i >> 3)]! >> (i & 7)) & 1) << 4;
        }
        out[to + i] = scale * (low - offset) + least;
        out[to + i + 16] = scale * (high - offset) + least;
      }
    }
  };
}

/** The tensor types that can be read, by their number in the file. */
export const GGUF_TENSOR_TYPES: ReadonlyMap<number, GgufTensorType> = new Map([
  [0, { name: "F32", blockSize: 1, blockBytes: 4, dequantize: dequantizeF32 }],
  [1, { name: "F16", blockSize: 1, blockBytes: 2, dequantize: dequantizeF16 }],
  [2, { name: "Q4_0", blockSize: 32, blockBytes: 18, dequantize: blocksOf32(4, false) }],
  [3, { name: "Q4_1", blockSize: 32, blockBytes: 20, dequantize: blocksOf32(4, true) }],
  [6, { name: "Q5_0", blockSize: 32, blockBytes: 22, dequantize: blocksOf32(5, false) }],
  [7, { name: "Q5_1", blockSize: 32, blockBytes: 24, dequantize: blocksOf32(5, true) }],
  [8, { name: "Q8_0", blockSize: 32, blockBytes: 34, dequantize: dequantizeQ8 }],
  [12, { name: "Q4_K", blockSize: 256, blockBytes: 144, dequantize: dequantizeQ4K }],
  [13, { name: "Q5_K", blockSize: 256, blockBytes: 176, dequantize: dequantizeQ5K }],
  [14, { name: "Q6_K", blockSize: 256, blockBytes: 210, dequantize: dequantizeQ6K }],
  [30, { name: "BF16", blockSize: 1, blockBytes: 2, dequantize: dequantizeBF16 }],
]);

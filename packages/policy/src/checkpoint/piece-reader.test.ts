import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unpermuted } from "../gguf/gguf-model.js";
import { PieceReader, type StoredTensor } from "./piece-reader.js";

const VALUES = Float32Array.from({ length: 1_200_000 }, (_, i) => Math.sin(i));
const BYTES = Buffer.from(VALUES.buffer);
const START = 12;

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-pieces-"));
  path = join(folder, "values");
  await writeFile(path, Buffer.concat([Buffer.alloc(START, 7), BYTES]));
});
afterAll(() => rm(folder, { recursive: true }));

const stored = (...shape: number[]): StoredTensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, start: START, end: START + 4 * size, blockSize: 1, blockBytes: 4 };
};

/** All pieces of tensors that are read one after another, and the memory that they lay in. */
async function readAll(...tensors: readonly StoredTensor[]) {
  const handle = await open(path);
  const memory = new Set<ArrayBufferLike>();
  const read: { readonly places: number[]; readonly isWhole: boolean }[] = [];
  try {
    const reader = new PieceReader(handle, path);
    for (const tensor of tensors) {
      const places: number[] = [];
      const values = new Float32Array((tensor.end - tensor.start) / 4);
      const decode = (bytes: Uint8Array, floats: Float32Array) => {
        floats.set(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
        return floats;
      };
      await reader.read("x", tensor, decode, (piece, place) => {
        memory.add(piece.buffer);
        places.push(place);
        values.set(piece, place);
      });
      read.push({ places, isWhole: Buffer.from(values.buffer).equals(BYTES.subarray(0, values.byteLength)) });
    }
  } finally {
    await handle.close();
  }
  return { read, memory };
}

test("whole rows come, as many as 2¹⁹ floats hold, all in the same memory", async () => {
  const { read, memory } = await readAll(stored(4, 300_000), stored(3, 200_000), stored(1_200_000), stored(0), stored(2, 0));
  expect(read.map(({ places }) => places)).toEqual([[0, 300_000, 600_000, 900_000], [0, 400_000], [0, 2 ** 19, 2 ** 20], [], []]);
  expect(read.map(({ isWhole }) => isWhole)).toEqual([true, true, true, true, true]);
  expect(memory.size).toBeLessThanOrEqual(3); // it grows to 300,000, 400,000 and 2¹⁹ floats
});

test("a row that is longer than that comes whole", async () => {
  const { read } = await readAll(stored(2, 600_000));
  expect(read[0]).toEqual({ places: [0, 600_000], isWhole: true });
});

test("a file that ends before the tensor is no tensor of zeros", async () => {
  const error: unknown = await readAll(stored(4, 400_000)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toContain("expected 1600000 bytes from byte 4800012 on, found 0 bytes");
});

test("rows that llama.cpp permuted find their places, whatever the piece that they come in", () => {
  const [headDim, width] = [4, 3];
  const order = [0, 2, 1, 3, 4, 6, 5, 7]; // of two heads: neighbours in the file are headDim/2 apart
  const rows = Float32Array.from({ length: 8 * width }, (_, i) => i);
  for (const piece of [1, 3, 8]) {
    const result = new Float32Array(rows.length);
    const take = unpermuted((row, place) => result.set(row, place), headDim, width);
    for (let row = 0; row < 8; row += piece) take(rows.subarray(row * width, (row + piece) * width), row * width);
    expect(result).toEqual(Float32Array.from(order.flatMap((row) => [0, 1, 2].map((column) => row * width + column))));
  }
});

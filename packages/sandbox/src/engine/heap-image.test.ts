import { expect, test } from "vitest";
import { changedBlocks, tableWith, writeDifference } from "./blocks.js";
import { captureImage, flattened, imageOf, writeImage, type HeapImage } from "./heap-image.js";

const BYTES = 4 * 65_536;

const memoryWith = (...cells: readonly (readonly [at: number, value: number])[]): Uint8Array => {
  const memory = new Uint8Array(BYTES);
  for (const [at, value] of cells) memory[at] = value;
  return memory;
};

const changesOf = (memory: Uint8Array, blocks: readonly number[]): HeapImage =>
  imageOf({ memoryPages: 4, layout: "layout" }, blocks, (block) => memory.subarray(block * 4096, (block + 1) * 4096));

test("an image written over zeros is the memory it was taken from", () => {
  const memory = memoryWith([0, 1], [4096, 2], [8191, 3], [200_000, 4]);
  const image = captureImage(memory, "layout");
  expect([...image.blocks]).toEqual([0, 1, 48]);
  expect([...captureImage(memory, "layout", 150_000).blocks]).toEqual([0, 1]);
  const copy = memoryWith();
  writeImage(copy, image);
  expect(Buffer.compare(copy, memory)).toBe(0);
});

test("changes hold only what differs, zeroed blocks included, as far as the end of the heap and of what was known", () => {
  const start = tableWith([], [captureImage(memoryWith([0, 1], [70_000, 5], [150_000, 3]), "layout")]);
  const memory = memoryWith([70_000, 6], [140_000, 7], [200_000, 8]);
  expect(changedBlocks(memory, start, 140_001)).toEqual([0, 17, 34, 36]); // 36 is known, so it is looked at beyond the end
  expect(changedBlocks(memory, start, BYTES)).toEqual([0, 17, 34, 36, 48]);
});

test("memory goes from one content to another and back, to the byte", () => {
  const [first, second] = [memoryWith([0, 1], [70_000, 5], [140_000, 7]), memoryWith([1, 1], [70_000, 6], [250_000, 2])];
  const start = tableWith([], [captureImage(first, "layout")]);
  const other = tableWith(start, [changesOf(second, changedBlocks(second, start, BYTES))]);
  const memory = first.slice();
  writeDifference(memory, start, other);
  expect(Buffer.compare(memory, second)).toBe(0);
  writeDifference(memory, other, start);
  expect(Buffer.compare(memory, first)).toBe(0);
});

test("parts become one image, without what is as it was at first", () => {
  const base = captureImage(memoryWith([0, 1], [70_000, 5]), "layout");
  const parts = [changesOf(memoryWith([0, 9], [5000, 2]), [0, 1]), changesOf(memoryWith([0, 1], [70_000, 6]), [0, 17])];
  expect([...flattened(parts).blocks]).toEqual([0, 1, 17]);
  const image = flattened(parts, base);
  expect([...image.blocks]).toEqual([1, 17]);
  const memory = memoryWith([0, 1], [70_000, 5]);
  writeImage(memory, image);
  expect(Buffer.compare(memory, memoryWith([0, 1], [5000, 2], [70_000, 6]))).toBe(0);
});

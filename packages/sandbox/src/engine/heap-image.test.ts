import { expect, test } from "vitest";
import { captureImage, eraseImage, writeImage } from "./heap-image.js";

const memoryWith = (...cells: readonly (readonly [at: number, value: number])[]): Uint8Array => {
  const memory = new Uint8Array(4 * 65_536);
  for (const [at, value] of cells) memory[at] = value;
  return memory;
};

test("an image written over zeros is the memory it was taken from", () => {
  const memory = memoryWith([0, 1], [4096, 2], [8191, 3], [200_000, 4]);
  const image = captureImage(memory, "layout");
  expect([...image.blocks]).toEqual([0, 1, 48]);
  const copy = memoryWith();
  writeImage(copy, image);
  expect(Buffer.compare(copy, memory)).toBe(0);
});

test("an image against a base holds only what differs, zeroed blocks included", () => {
  const base = captureImage(memoryWith([0, 1], [70_000, 5]), "layout");
  const memory = memoryWith([70_000, 6], [140_000, 7]);
  const image = captureImage(memory, "layout", base);
  expect([...image.blocks]).toEqual([0, 17, 34]);
  const copy = memoryWith();
  writeImage(copy, base);
  writeImage(copy, image);
  expect(Buffer.compare(copy, memory)).toBe(0);
  eraseImage(copy, image);
  writeImage(copy, base);
  expect(Buffer.compare(copy, memoryWith([0, 1], [70_000, 5]))).toBe(0);
});

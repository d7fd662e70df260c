import { BLOCK, isEqual, PAGE, ZEROS } from "./blocks.js";

/**
 * Blocks of 4 KiB of a linear memory. It is never changed. Not shared memory: what that holds is freed only when every thread that ever
 * saw it has collected its garbage, which idle threads do not.
 */
export interface HeapImage {
  /** Length of the memory in pages of 64 KiB. */
  readonly memoryPages: number;
  /** Addresses of the world's runtime, context and functions; must be equal in the memory it is restored to. */
  readonly layout: string;
  /** Ascending block numbers. */
  readonly blocks: Uint32Array;
  /** The blocks' contents, one after the other. */
  readonly bytes: Uint8Array;
}

/**
 * Copies every block of `memory` that is not zero.
 *
 * @param end - from where on nothing was written: to look at memory that was never touched takes the system longer than all the rest
 */
export function captureImage(memory: Uint8Array, layout: string, end = memory.length): HeapImage {
  const changed: number[] = [];
  for (let start = 0; start < end; start += PAGE) {
    if (isEqual(memory.subarray(start, start + PAGE), ZEROS)) continue;
    for (let at = start; at < start + PAGE; at += BLOCK) {
      if (!isEqual(memory.subarray(at, at + BLOCK), ZEROS.subarray(0, BLOCK))) changed.push(at / BLOCK);
    }
  }
  return imageOf({ memoryPages: memory.length / PAGE, layout }, changed, (block) => memory.subarray(block * BLOCK, (block + 1) * BLOCK));
}

/** Writes an image's blocks over `memory`, which must be at least as long as the image's. */
export function writeImage(memory: Uint8Array, { blocks, bytes }: HeapImage): void {
  for (let i = 0, run = 1; i < blocks.length; i += run, run = 1) {
    while (blocks[i + run] === blocks[i]! + run) run++;
    memory.set(bytes.subarray(i * BLOCK, (i + run) * BLOCK), blocks[i]! * BLOCK);
  }
}

/**
 * One image of `parts` written one over the other, later ones last.
 *
 * @param base - what the first of them was written over; blocks that are as there are left out, so that equal worlds have equal images.
 */
export function flattened(parts: readonly HeapImage[], base?: HeapImage): HeapImage {
  const contents = new Map<number, Uint8Array>();
  for (const part of parts) addBlocks(contents, part);
  if (base !== undefined) {
    const first = new Map<number, Uint8Array>();
    addBlocks(first, base);
    for (const [block, bytes] of contents) if (isEqual(bytes, first.get(block) ?? ZEROS.subarray(0, BLOCK))) contents.delete(block);
  }
  const blocks = [...contents.keys()].sort((a, b) => a - b);
  return imageOf(parts.at(-1)!, blocks, (block) => contents.get(block)!);
}

/** An image of given blocks. @param contentOf - the content of a block, which is copied */
export function imageOf(
  { memoryPages, layout }: Pick<HeapImage, "memoryPages" | "layout">,
  blocks: readonly number[],
  contentOf: (block: number) => Uint8Array,
): HeapImage {
  const bytes = new Uint8Array(blocks.length * BLOCK);
  blocks.forEach((block, i) => bytes.set(contentOf(block), i * BLOCK));
  return { memoryPages, layout, blocks: Uint32Array.from(blocks), bytes };
}

function addBlocks(contents: Map<number, Uint8Array>, { blocks, bytes }: HeapImage): void {
  blocks.forEach((block, i) => contents.set(block, bytes.subarray(i * BLOCK, (i + 1) * BLOCK)));
}

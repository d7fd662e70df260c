const PAGE = 65_536;
const BLOCK = 4_096;

/**
 * The part of a linear memory that differs from a base, in blocks of 4 KiB. It is never changed. Not shared memory: what that holds
 * is freed only when every thread that ever saw it has collected its garbage, which idle threads do not.
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

const ZEROS = new Uint8Array(PAGE);

/** Copies every block of `memory` that differs from `base`; with no base, every block that is not zero. */
export function captureImage(memory: Uint8Array, layout: string, base?: HeapImage): HeapImage {
  const baseBlocks = base === undefined ? new Map<number, Uint8Array>() : blocksOf(base);
  const basePages = new Set([...baseBlocks.keys()].map((block) => Math.floor((block * BLOCK) / PAGE)));
  const changed: number[] = [];
  for (let page = 0; page * PAGE < memory.length; page++) {
    const start = page * PAGE;
    if (!basePages.has(page) && isEqual(memory.subarray(start, start + PAGE), ZEROS)) continue;
    for (let at = start; at < start + PAGE; at += BLOCK) {
      const expected = baseBlocks.get(at / BLOCK) ?? ZEROS.subarray(0, BLOCK);
      if (!isEqual(memory.subarray(at, at + BLOCK), expected)) changed.push(at / BLOCK);
    }
  }
  const bytes = new Uint8Array(changed.length * BLOCK);
  changed.forEach((block, i) => bytes.set(memory.subarray(block * BLOCK, (block + 1) * BLOCK), i * BLOCK));
  return { memoryPages: memory.length / PAGE, layout, blocks: Uint32Array.from(changed), bytes };
}

/** Writes an image's blocks over `memory`, which must be at least as long as the image's. */
export function writeImage(memory: Uint8Array, { blocks, bytes }: HeapImage): void {
  for (let i = 0, run = 1; i < blocks.length; i += run, run = 1) {
    while (blocks[i + run] === blocks[i]! + run) run++;
    memory.set(bytes.subarray(i * BLOCK, (i + run) * BLOCK), blocks[i]! * BLOCK);
  }
}

/** Sets an image's blocks to zero in `memory`. */
export function eraseImage(memory: Uint8Array, { blocks }: Pick<HeapImage, "blocks">): void {
  for (const block of blocks) memory.fill(0, block * BLOCK, (block + 1) * BLOCK);
}

function blocksOf({ blocks, bytes }: HeapImage): Map<number, Uint8Array> {
  const result = new Map<number, Uint8Array>();
  blocks.forEach((block, i) => result.set(block, bytes.subarray(i * BLOCK, (i + 1) * BLOCK)));
  return result;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (globalThis.Buffer !== undefined) return globalThis.Buffer.compare(a, b) === 0;
  const [left, right] = [wordsOf(a), wordsOf(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Blocks begin and end at multiples of eight bytes. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): BigInt64Array {
  return new BigInt64Array(buffer, byteOffset, byteLength / 8);
}

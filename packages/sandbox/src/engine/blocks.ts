/** Bytes of a page of linear memory, and of a block, in which its content is compared and kept. */
export const PAGE = 65_536;
export const BLOCK = 4_096;
const BLOCKS_PER_PAGE = PAGE / BLOCK;

export const ZEROS = new Uint8Array(PAGE);
const ZERO_BLOCK = ZEROS.subarray(0, BLOCK);

/** The content of a linear memory, block by block; undefined stands for zeros. The bytes are never changed, so tables share them. */
export type BlockTable = readonly (Uint8Array | undefined)[];

/** The blocks of images, written one over the other over `table`. */
export function tableWith(table: BlockTable, images: readonly { readonly blocks: Uint32Array; readonly bytes: Uint8Array }[]): BlockTable {
  const result = [...table];
  for (const { blocks, bytes } of images) {
    for (let i = 0; i < blocks.length; i++) {
      while (result.length < blocks[i]!) result.push(undefined);
      result[blocks[i]!] = bytes.subarray(i * BLOCK, (i + 1) * BLOCK);
    }
  }
  return result;
}

/** Makes `memory`, whose content is that of `from`, that of `to`. */
export function writeDifference(memory: Uint8Array, from: BlockTable, to: BlockTable): void {
  for (let block = 0; block < Math.max(from.length, to.length); block++) {
    const content = to[block];
    if (content !== from[block]) memory.set(content ?? ZERO_BLOCK, block * BLOCK);
  }
}

/** Ascending numbers of the blocks of `memory` that differ from `table`'s. @param end - address from which on nothing was written */
export function changedBlocks(memory: Uint8Array, table: BlockTable, end: number): number[] {
  const changed: number[] = [];
  const last = Math.max(Math.ceil(end / BLOCK), table.length);
  for (let first = 0; first < last; first += BLOCKS_PER_PAGE) {
    const start = first * BLOCK;
    if (isUnused(table, first) && isEqual(memory.subarray(start, start + PAGE), ZEROS)) continue;
    for (let block = first; block < Math.min(first + BLOCKS_PER_PAGE, last); block++) {
      if (!isEqual(memory.subarray(block * BLOCK, (block + 1) * BLOCK), table[block] ?? ZERO_BLOCK)) changed.push(block);
    }
  }
  return changed;
}

/** True when the table knows of zeros only in the page that begins at block `first`. */
function isUnused(table: BlockTable, first: number): boolean {
  for (let block = first; block < first + BLOCKS_PER_PAGE; block++) if (table[block] !== undefined) return false;
  return true;
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (globalThis.Buffer !== undefined) return globalThis.Buffer.compare(a, b) === 0;
  const [left, right] = [wordsOf(a), wordsOf(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Blocks begin and end at multiples of eight bytes. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): BigInt64Array {
  return new BigInt64Array(buffer, byteOffset, byteLength / 8);
}

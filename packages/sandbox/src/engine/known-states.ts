import { BLOCK, tableWith, type BlockTable } from "./blocks.js";
import { imageOf } from "./heap-image.js";

/** A session between two cells. */
export interface KnownState {
  readonly content: BlockTable;
  /** Length of the memory in pages of 64 KiB. */
  readonly memoryPages: number;
  /** Bytes that its blocks keep in memory, those of other states in the same buffers included. */
  readonly keptBytes: number;
}

/** Bytes that the states in one worker keep in memory at most; those that were not used for longest are forgotten. */
const MOST_BYTES = 2 ** 26;

/** A state's blocks are copied together when they keep so many times their own bytes in memory. */
const MOST_WASTE = 2;

/** The states that a worker has made or was sent, by their ids. What is not here must be sent again. */
export class KnownStates {
  readonly #states = new Map<number, KnownState>();
  #bytes = 0;

  get(id: number): KnownState | undefined {
    const state = this.#states.get(id);
    if (state === undefined) return undefined;
    this.#states.delete(id);
    this.#states.set(id, state); // used last
    return state;
  }

  add(id: number, state: KnownState): void {
    this.#forget(id);
    this.#states.set(id, state);
    this.#bytes += state.keptBytes;
    for (const oldest of this.#states.keys()) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(id: number): void {
    this.#bytes -= this.#states.get(id)?.keptBytes ?? 0;
    this.#states.delete(id);
  }
}

/** A state whose blocks keep little else in memory. @param start - the content of every world that begins, which is kept anyway */
export function tight(state: KnownState, start: BlockTable): KnownState {
  const own: number[] = [];
  state.content.forEach((bytes, block) => bytes !== undefined && bytes !== start[block] && own.push(block));
  if (state.keptBytes <= MOST_WASTE * own.length * BLOCK) return state;
  const copy = imageOf({ memoryPages: state.memoryPages, layout: "" }, own, (block) => state.content[block]!);
  return { ...state, content: tableWith(state.content, [copy]), keptBytes: copy.bytes.length };
}

import { flattened, type HeapImage } from "./engine/heap-image.js";

/** The world of a session between two cells, as the caller's thread keeps it: what it needs when the worker that made it is lost. */
export interface WorldState {
  /** That of the run that made it, by which workers know it. */
  readonly id: number;
  /** Number of the worker that made it; undefined when none did. */
  readonly home: number | undefined;
  /** What cells changed, each written over the one before, the first over the start of every world. */
  readonly parts: readonly HeapImage[];
}

/** Bytes that parts may have beyond twice the first's before they become one. */
const SLACK_BYTES = 2 ** 18;

/** The state after a cell that made `changes`; not all of the past is kept, only what still counts. */
export function stateAfter(before: WorldState | undefined, changes: HeapImage, { id, home }: Pick<WorldState, "id" | "home">): WorldState {
  const parts = [...(before?.parts ?? []), changes];
  const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0);
  const isWide = parts.length > 1 && bytes > 2 * parts[0]!.bytes.length + SLACK_BYTES;
  return { id, home, parts: isWide ? [flattened(parts)] : parts };
}

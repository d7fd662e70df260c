import type { Datum } from "../wire/forward-backward.js";

/** Bounds of one request. */
export interface ChunkLimits {
  /** Default 1,024. */
  readonly maxDatums?: number;
  /** Estimated bytes; default 5,000,000. */
  readonly maxBytes?: number;
}

const WIDTHS = { unspecified: 4, float32: 4, int64: 8, int32: 4, bfloat16: 2 } as const;

/** Bytes of a datum in protobuf, within a few per cent. */
export function datumBytes({ model_input, loss_fn_inputs }: Datum): number {
  const tokens = model_input.chunks.reduce((sum, chunk) => sum + chunk.tokens.length, 0);
  const tensors = Object.entries(loss_fn_inputs).map(
    ([name, { data, dtype = "float32" }]) => name.length + 24 + data.length * WIDTHS[dtype],
  );
  return tensors.reduce((sum, bytes) => sum + bytes, 16 + 4 * tokens);
}

/** {@link datumBytes} of a sequence that is not made yet, by its length and the names of its numbers beside tokens and targets. */
export function sequenceBytes(length: number, names: readonly string[]): number {
  const tensors = names.reduce((sum, name) => sum + name.length + 24 + 4 * length, 0);
  return 16 + 4 * length + "target_tokens".length + 24 + 8 * length + tensors;
}

/** Cuts a batch into pieces that servers take, in order. A datum that is too large on its own is a piece of its own. */
export function chunksOf<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  { maxDatums = 1_024, maxBytes = 5_000_000 }: ChunkLimits = {},
): T[][] {
  const chunks: T[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    const last = chunks.at(-1);
    if (last === undefined || bytes > room || last.length >= maxDatums) {
      chunks.push([item]);
      room = maxBytes - bytes;
    } else {
      last.push(item);
      room -= bytes;
    }
  }
  return chunks;
}

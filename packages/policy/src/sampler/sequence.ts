/** One sequence: what the cache holds and what it still has to take in. */
export interface Sequence {
  readonly slot: number;
  length: number;
  pending: number[];
  /** All tokens before the pending ones; kept only where the cache is not to be reused. */
  readonly computed: number[] | undefined;
}

/** Tokens that sequences still have to take in. */
export function pendingTokens(sequences: readonly Sequence[]): number {
  return sequences.reduce((sum, { pending }) => sum + pending.length, 0);
}

/**
 * Leaves at most so many pending tokens in sequences, from the first on, and in none of them its last one.
 *
 * @returns the sequences that have something left, each with what comes after.
 */
export function splitPending(
  sequences: readonly Sequence[],
  most: number,
): readonly { readonly sequence: Sequence; readonly rest: number[] }[] {
  const parts: { readonly sequence: Sequence; readonly rest: number[] }[] = [];
  let room = most;
  for (const sequence of sequences) {
    const count = Math.min(room, sequence.pending.length - 1);
    if (count > 0) parts.push({ sequence, rest: sequence.pending.splice(count) });
    room -= count;
  }
  return parts;
}

export interface OverlongOptions {
  /** Longest response, in tokens. */
  readonly maxLength: number;
  /** Tokens before `maxLength` over which the penalty grows from 0 to −factor. */
  readonly bufferLength: number;
  /** Penalty at `maxLength`. Default 1. */
  readonly factor?: number;
}

/**
 * DAPO's soft overlong punishment, to be added to a score: min(−(length − (maxLength − buffer)) / buffer · factor, 0).
 *
 * Yu et al., "DAPO", eq. 13 (https://arxiv.org/abs/2503.14476); beyond `maxLength` it goes on growing, as in verl.
 *
 * @param length - tokens of the response.
 * @returns a number of at most 0.
 */
export function overlongPenalty(length: number, { maxLength, bufferLength, factor = 1 }: OverlongOptions): number {
  const excess = length - (maxLength - bufferLength);
  return excess <= 0 ? 0 : (-excess / bufferLength) * factor;
}

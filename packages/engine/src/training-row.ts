/** A sequence to learn from. Arrays have one length; fields mean something where the mask is 1. */
export interface TrainingRow {
  readonly tokenIds: ArrayLike<number>;
  /** 1 = chosen by the policy: this token's log-probability enters the loss. */
  readonly lossMask: ArrayLike<number>;
  /** Numbers a token, by name, such as advantages; every row of a batch has the same names. */
  readonly fields?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Tokens that enter the loss. The first token of a row has no context and never does. */
export function countTargets(rows: readonly TrainingRow[]): number {
  let count = 0;
  for (const { lossMask } of rows) for (let t = 1; t < lossMask.length; t++) count += lossMask[t] ? 1 : 0;
  return count;
}

/** Splits rows, in order, so that each part has at most `maxTokens` tokens; a longer row is a part of its own. */
export function microBatches<Row extends Pick<TrainingRow, "tokenIds">>(rows: readonly Row[], maxTokens: number): Row[][] {
  const parts: Row[][] = [];
  let tokens = Infinity;
  for (const row of rows) {
    if (tokens + row.tokenIds.length > maxTokens) {
      parts.push([]);
      tokens = 0;
    }
    parts.at(-1)!.push(row);
    tokens += row.tokenIds.length;
  }
  return parts;
}

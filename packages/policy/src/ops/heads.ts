/** Division of a packed projection into heads: queries, then keys, then values. */
export interface HeadShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** A token sees itself and the window − 1 tokens before it; 0 or absent: all before it. */
  readonly window?: number;
}

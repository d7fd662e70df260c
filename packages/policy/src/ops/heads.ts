/** How a packed projection is divided into heads: queries, then keys, then values. */
export interface HeadShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

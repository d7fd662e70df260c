/** Text to ids and back; `@retool-ts/data` has tokenizers. */
export interface TextCodec {
  encode(text: string): number[];
  /** Text in which nothing may become a control token. */
  encodeUntrusted(text: string): number[];
  decode(tokenIds: ArrayLike<number>): string;
}

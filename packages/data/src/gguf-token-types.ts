/** Kinds of tokens in `tokenizer.ggml.token_type`, as `gguf-py` numbers them. */
export const NORMAL = 1;
/** Stands for characters that the vocabulary does not have. */
export const UNKNOWN = 2;
/** Ends of text and turns. */
export const CONTROL = 3;
/** Found in the text before anything is merged. */
export const USER_DEFINED = 4;
/** One byte, as `<0x0A>`. */
export const BYTE = 6;

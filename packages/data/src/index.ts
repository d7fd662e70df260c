/**
 * Tokenizers, chat templates, datasets and batching for reinforcement learning of tool-using language models.
 *
 * @packageDocumentation
 */
export { trainBpe, type TrainBpeOptions } from "./bpe-trainer.js";
export { loadTokenizer } from "./load-tokenizer.js";
export { type Problem } from "./problem.js";
export { QWEN_SPLIT, TINY_SPLIT } from "./split-patterns.js";
export { type DecodeOptions, type StreamDecoder } from "./token-decoder.js";
export { createTokenizer, type Tokenizer } from "./tokenizer.js";
export { type TokenizerFiles } from "./tokenizer-files.js";

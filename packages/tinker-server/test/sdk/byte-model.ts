import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Parameters, type ModelConfig } from "@retool-ts/policy";
import type { TextStream } from "@retool-ts/engine";

/** A model whose tokens are bytes, then <|endoftext|> 256, <|im_start|> 257, <|im_end|> 258 and <|pad|> 259. */
export const BYTES: ModelConfig = {
  modelType: "qwen3", vocabSize: 272, hiddenSize: 64, intermediateSize: 128, layers: 2, heads: 4, kvHeads: 2, headDim: 16, maxPositions: 256,
  rmsNormEpsilon: 1e-6, ropeTheta: 10_000, tiedEmbeddings: true, attentionBias: false, queryKeyNorm: true,
}; // prettier-ignore

const SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"];

export const byteModel = (): Parameters => Parameters.initialize(BYTES, { seed: 7, embeddingStd: 0.2 });

/** Text of its tokens. */
export function byteText(): TextStream {
  const decoder = new TextDecoder();
  return { push: (id) => (id < 256 ? decoder.decode(Uint8Array.of(id), { stream: true }) : "") };
}

/** Writes its tokenizer as `transformers` reads one. */
export async function writeByteTokenizer(folder: string): Promise<void> {
  const isPlain = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let spare = 256;
  const letters = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPlain(byte) ? byte : spare++));
  const added = SPECIALS.map((content, i) => ({
    id: 256 + i, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true,
  })); // prettier-ignore
  const levels = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const model = { type: "BPE", vocab: Object.fromEntries(letters.map((letter, byte) => [letter, byte])), merges: [] };
  await mkdir(folder, { recursive: true });
  const tokenizer = { version: "1.0", added_tokens: added, pre_tokenizer: levels, decoder: levels, model };
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const config = { tokenizer_class: "PreTrainedTokenizerFast", eos_token: "<|im_end|>", pad_token: "<|pad|>", model_max_length: 256 };
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  await writeFile(join(folder, "config.json"), JSON.stringify({ model_type: "qwen3" }));
}

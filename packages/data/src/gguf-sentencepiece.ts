import { InputError } from "@retool-ts/core";
import { bpeModelJson } from "./bpe-json.js";
import type { TokenizerParts } from "./gguf-byte-level.js";
import { BYTE, CONTROL, NORMAL, UNKNOWN } from "./gguf-token-types.js";

/** The tokens of a GGUF file, with their kinds and scores. */
export interface SentencePieceVocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  /** Of two neighbouring pairs that could be merged, the one whose token has the higher score goes first. */
  readonly scores: readonly number[] | undefined;
  /** Set if text begins with a blank of its own. */
  readonly addSpacePrefix: boolean;
}

/** A blank, as SentencePiece writes it. */
const BLANK = "▁";

/**
 * SentencePiece, as in Llama 2, TinyLlama and Mistral: `tokenizer.ggml.model = llama`. Blanks become ▁, one is put before the text and after
 * each control token, neighbours are merged by the scores of what they make, and characters without a token become byte tokens.
 *
 * Kudo and Richardson, "SentencePiece" (https://arxiv.org/abs/1808.06226). Scores become an order of merges, as in `transformers`.
 *
 * @throws InputError where scores are missing or not one a token.
 */
export function sentencePieceParts({ tokens, types, scores, addSpacePrefix }: SentencePieceVocabulary, where: string): TokenizerParts {
  if (scores?.length !== tokens.length) {
    const problem = { what: "tokenizer", where: `${where}: tokenizer.ggml.scores`, expected: `${tokens.length} scores, one a token` };
    const fix = "use the model's Hugging Face tokenizer files instead";
    throw new InputError({ ...problem, found: String(scores?.length ?? "none"), fix });
  }
  const kinds = [NORMAL, UNKNOWN, CONTROL, BYTE];
  const vocab = new Map(tokens.flatMap((token, id) => (kinds.includes(types[id]!) ? [[token, id]] : [])));
  const mergeable = new Map(tokens.flatMap((token, id) => (types[id] === NORMAL ? [[token, id]] : [])));
  return {
    normalizer: {
      type: "Sequence",
      normalizers: [
        ...(addSpacePrefix ? [{ type: "Prepend", prepend: BLANK }] : []),
        { type: "Replace", pattern: { String: " " }, content: BLANK },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: BLANK }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(addSpacePrefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      ...bpeModelJson({ vocab: Object.fromEntries(vocab), merges: mergesByScore(mergeable, scores), ignoreMerges: false }),
      unk_token: tokens[types.indexOf(UNKNOWN)] ?? null,
      fuse_unk: true,
      byte_fallback: types.includes(BYTE),
    },
  };
}

/** All ways to make a token of two others: highest score first, then the longest left part. */
function mergesByScore(vocab: ReadonlyMap<string, number>, scores: readonly number[]): (readonly [string, string])[] {
  const merges: { readonly parts: readonly [string, string]; readonly score: number; readonly left: number; readonly ids: readonly [number, number] }[] = []; // prettier-ignore
  for (const [token, id] of vocab) {
    const characters = Array.from(token);
    for (let left = 1; left < characters.length; left++) {
      const parts = [characters.slice(0, left).join(""), characters.slice(left).join("")] as const;
      const ids = parts.map((part) => vocab.get(part));
      if (ids[0] !== undefined && ids[1] !== undefined) merges.push({ parts, score: scores[id]!, left, ids: [ids[0], ids[1]] });
    }
  }
  merges.sort((a, b) => b.score - a.score || b.left - a.left || a.ids[0] - b.ids[0]);
  return merges.map(({ parts }) => parts);
}

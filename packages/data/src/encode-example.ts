import { InputError } from "@retool-ts/core";
import type { Tokenizer } from "./tokenizer.js";

/** A stretch of a conversation by one author. */
export interface TextSegment {
  /** `model` is what the policy says and learns; `prompt` and `tool` are given to it. */
  readonly kind: "prompt" | "model" | "tool";
  readonly text: string;
  /**
   * Turns names of added tokens in the text into those tokens. Default: `true` for `model`, whose tags are its own;
   * `false` for `prompt` and `tool`, whose text comes from outside. A dialect's tags around them are segments of their
   * own with `trusted: true`.
   */
  readonly trusted?: boolean;
}

/** A segment's place in the ids: from `start` up to, not including, `end`. */
export interface TokenSpan {
  readonly kind: TextSegment["kind"];
  readonly start: number;
  readonly end: number;
}

/** Ids of a conversation with what is learned of it. */
export interface EncodedExample {
  /** `[seqLen]`. */
  readonly tokenIds: Int32Array;
  /** `[seqLen]`, 1 for the model's own tokens and the end of text after them, else 0. */
  readonly lossMask: Uint8Array;
  /** One for each segment given, in order; the end of text belongs to the last, or is one more if that is not the model's. */
  readonly segments: readonly TokenSpan[];
}

/** Options of {@link encodeSegments}. */
export interface EncodeSegmentsOptions {
  /** Ends with the tokenizer's end of text, which is learned. Default `false`. */
  readonly appendEos?: boolean;
}

/**
 * Encodes a conversation segment by segment, as a rollout builds it, so that no token spans two authors.
 *
 * @throws InputError when the end of text is asked for and the tokenizer has none.
 */
export function encodeSegments(
  tokenizer: Tokenizer,
  segments: readonly TextSegment[],
  { appendEos = false }: EncodeSegmentsOptions = {},
): EncodedExample {
  const tokenIds: number[] = [];
  const lossMask: number[] = [];
  const spans: TokenSpan[] = [];
  for (const { kind, text, trusted = kind === "model" } of segments) {
    const start = tokenIds.length;
    for (const id of trusted ? tokenizer.encode(text) : tokenizer.encodeUntrusted(text)) {
      tokenIds.push(id);
      lossMask.push(kind === "model" ? 1 : 0);
    }
    spans.push({ kind, start, end: tokenIds.length });
  }
  if (appendEos) {
    const last = spans.at(-1)?.kind === "model" ? spans.pop() : undefined;
    spans.push({ kind: "model", start: last?.start ?? tokenIds.length, end: tokenIds.length + 1 });
    tokenIds.push(eosOf(tokenizer));
    lossMask.push(1);
  }
  return { tokenIds: Int32Array.from(tokenIds), lossMask: Uint8Array.from(lossMask), segments: spans };
}

function eosOf({ eosTokenId }: Tokenizer): number {
  if (eosTokenId !== undefined) return eosTokenId;
  throw new InputError({
    what: "tokenizer",
    where: "tokenizer_config.json eos_token",
    expected: "a token of the vocabulary",
    found: "none",
    fix: "name the end-of-text token there, or leave out appendEos",
  });
}

import * as tf from "@tensorflow/tfjs-core";
import type { KVCache } from "../kv-cache/kv-cache-types.js";
import { gatherRows } from "../ops/embedding.js";
import { disposeLayout, packRows } from "../ops/packed.js";
import { splitPending, pendingTokens, type Sequence } from "./sequence.js";
import type { Transformer } from "../transformer.js";

/** Prompt and tool tokens of one forward pass where nothing else is asked for. */
const MAX_PREFILL_TOKENS = 8_192;

/**
 * Prefill: puts the pending tokens of sequences into a model's cache, and counts what that computes. Borrows model and cache. When a pass fails,
 * tokens that the cache does not hold are pending still.
 */
export class SequenceForward {
  readonly #model: Transformer;
  readonly #cache: KVCache;
  readonly #maxTokens: number;
  readonly #stats = { prefilledTokens: 0, forwardPasses: 0 };

  /** @param maxTokens - prompt and tool tokens in one forward pass */
  constructor(model: Transformer, cache: KVCache, maxTokens: number = MAX_PREFILL_TOKENS) {
    this.#model = model;
    this.#cache = cache;
    this.#maxTokens = maxTokens;
  }

  /** Prompt and tool tokens computed so far, and in how many passes; see `SamplerStats`. */
  get stats(): { readonly prefilledTokens: number; readonly forwardPasses: number } {
    return this.#stats;
  }

  /** Computes all pending tokens. */
  prefill(sequences: readonly Sequence[]): void {
    this.#chunkedPrefill(sequences);
    this.#pass(sequences).dispose();
  }

  /** Logits after the last pending token of each sequence, `[sequences, vocab]`, owned by the caller. */
  logits(sequences: readonly Sequence[]): tf.Tensor2D {
    this.#chunkedPrefill(sequences);
    const lengths = sequences.map(({ pending }) => pending.length);
    const hidden = this.#pass(sequences);
    try {
      return tf.tidy(() => {
        let end = 0;
        const last = lengths.map((length) => (end += length) - 1);
        const states = hidden.shape[0] === sequences.length ? hidden : gatherRows(hidden, tf.tensor1d(last, "int32"));
        return this.#model.samplingLogits(states);
      });
    } finally {
      hidden.dispose();
    }
  }

  /** Computes pending tokens in passes of the size allowed, all but the last of each sequence, until those left fit one pass. */
  #chunkedPrefill(sequences: readonly Sequence[]): void {
    while (pendingTokens(sequences) > Math.max(this.#maxTokens, sequences.length)) {
      const parts = splitPending(sequences, this.#maxTokens);
      try {
        this.#pass(parts.map(({ sequence }) => sequence)).dispose();
        this.#stats.prefilledTokens += parts.length;
      } finally {
        for (const { sequence, rest } of parts) for (const tokenId of rest) sequence.pending.push(tokenId);
      }
    }
  }

  /** Computes all pending tokens of the sequences. Hidden states `[tokens, hiddenSize]`, owned by the caller. */
  #pass(sequences: readonly Sequence[]): tf.Tensor2D {
    const lengths = sequences.map(({ pending }) => pending.length);
    const past = sequences.map(({ length }) => length);
    const layout = packRows(lengths, past);
    const tokenIds = tf.tensor1d(
      sequences.flatMap(({ pending }) => pending),
      "int32",
    );
    const slots = Int32Array.from(sequences, ({ slot }) => slot);
    let hidden: tf.Tensor2D;
    try {
      hidden = this.#model.forwardCached(tokenIds, layout, this.#cache, slots, Int32Array.from(past));
    } finally {
      tokenIds.dispose();
      disposeLayout(layout);
    }
    for (const sequence of sequences) {
      sequence.length += sequence.pending.length;
      sequence.computed?.push(...sequence.pending);
      sequence.pending = [];
    }
    this.#stats.forwardPasses++;
    this.#stats.prefilledTokens += layout.tokens - sequences.length;
    return hidden;
  }
}

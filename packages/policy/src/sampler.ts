import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { createKVCache, type KVCache } from "./kv-cache.js";
import { disposeLayout, packRows } from "./ops/packed.js";
import { gatherRows } from "./ops/embedding.js";
import { sampleToken, type SamplingOptions } from "./sampling.js";
import type { Transformer } from "./transformer.js";

/** Turns ids into text as they arrive, for stop strings. */
export interface TextStream {
  push(tokenId: number): string;
}

export interface DecodeRequest extends SamplingOptions {
  readonly maxTokens: number;
  /** A uniform number in [0, 1) for the token at this position of the sequence, counted from its first prompt token. */
  readonly uniform: (position: number) => number;
  readonly stopTokenIds?: readonly number[];
  /** Stop after the token that completes one of these; the token is kept even when text follows inside it. */
  readonly stopStrings?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface DecodeResult {
  readonly tokenIds: number[];
  readonly logProbs: number[];
  /** `full`: the sequence reached the longest length that the sampler holds. */
  readonly finish: "stop" | "length" | "full" | "aborted";
  /** The stop string that was completed. */
  readonly stopString?: string;
}

export interface SamplerOptions {
  /** Sequences that may be open at once. */
  readonly maxSequences: number;
  /** Longest sequence, in tokens. */
  readonly maxLength: number;
  /** Ids from here on exist in the embedding matrix only and are never sampled. */
  readonly vocabSize: number;
  /** Needed for stop strings. */
  readonly textStream?: () => TextStream;
}

/** Counters since the sampler was made. */
export interface SamplerStats {
  readonly sampledTokens: number;
  /** Prompt and tool tokens that were computed; prompts shared by a fork are counted once. */
  readonly prefilledTokens: number;
  readonly forwardPasses: number;
  readonly cacheBytes: number;
}

/** One sequence: what the cache holds and what it still has to take in. */
interface Sequence {
  readonly slot: number;
  length: number;
  pending: number[];
}

interface Running {
  readonly sequence: Sequence;
  readonly request: DecodeRequest;
  readonly resolve: (result: DecodeResult) => void;
  readonly reject: (error: unknown) => void;
  readonly tokenIds: number[];
  readonly logProbs: number[];
  readonly text: TextStream | undefined;
  tail: string;
}

/**
 * Samples many sequences together, with a KV cache that stays between calls.
 *
 * A sequence is a handle: `open` a prompt, `fork` it for each sample of a group, `decode` until a stop, `extend` it with a tool's
 * output, `decode` again, `close`. All decodes that are running share each forward pass, and join and leave as they like; what a
 * sequence gets depends on nothing but its own tokens and random numbers.
 */
export class LocalSampler {
  readonly #model: Transformer;
  readonly #options: SamplerOptions;
  readonly #cache: KVCache;
  readonly #free: number[];
  readonly #sequences = new Map<number, Sequence>();
  #running: Running[] = [];
  #nextId = 0;
  #ticking = false;
  #stats = { sampledTokens: 0, prefilledTokens: 0, forwardPasses: 0 };

  constructor(model: Transformer, options: SamplerOptions) {
    this.#model = model;
    this.#options = options;
    this.#cache = createKVCache(model.config, options.maxSequences, options.maxLength);
    this.#free = Array.from({ length: options.maxSequences }, (_, i) => options.maxSequences - 1 - i);
  }

  get maxLength(): number {
    return this.#options.maxLength;
  }

  get stats(): SamplerStats {
    return { ...this.#stats, cacheBytes: this.#cache.bytes };
  }

  /** How many more sequences can be opened. */
  get available(): number {
    return this.#free.length;
  }

  /** Starts a sequence. Its tokens are computed with the next decode. */
  open(tokenIds: readonly number[]): number {
    if (tokenIds.length === 0) throw new RetoolError("EMPTY_PROMPT", "open: a prompt needs at least one token");
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new RetoolError(
        "NO_FREE_SEQUENCE",
        `open: all ${this.#options.maxSequences} sequences are in use; close one or raise maxSequences`,
      );
    }
    const id = this.#nextId++;
    this.#sequences.set(id, { slot, length: 0, pending: [...tokenIds] });
    return id;
  }

  /** Computes all but the last pending token now, so that forks share the work. */
  async prefill(ids: readonly number[]): Promise<void> {
    const sequences = ids.map((id) => this.#get(id)).filter(({ pending }) => pending.length > 1);
    if (sequences.length === 0) return;
    const last = sequences.map(({ pending }) => pending.pop()!);
    const hidden = this.#forward(sequences);
    hidden.dispose();
    sequences.forEach((sequence, i) => (sequence.pending = [last[i]!]));
  }

  /** A second sequence that continues from the same tokens. */
  fork(id: number): number {
    const source = this.#get(id);
    const copy = this.open([0]);
    const target = this.#get(copy);
    target.pending = [...source.pending];
    target.length = source.length;
    if (source.length > 0) this.#cache.copy(source.slot, target.slot, source.length);
    return copy;
  }

  /** Appends forced tokens, such as a tool's output. */
  extend(id: number, tokenIds: readonly number[]): void {
    this.#get(id).pending.push(...tokenIds);
  }

  /** Tokens of the sequence so far, computed or not. */
  length(id: number): number {
    const { length, pending } = this.#get(id);
    return length + pending.length;
  }

  close(id: number): void {
    const sequence = this.#get(id);
    this.#sequences.delete(id);
    this.#free.push(sequence.slot);
  }

  /** Samples until a stop, the token budget, or the longest length. */
  decode(id: number, request: DecodeRequest): Promise<DecodeResult> {
    const sequence = this.#get(id);
    const text = request.stopStrings?.length ? this.#options.textStream?.() : undefined;
    if (request.stopStrings?.length && text === undefined) {
      throw new RetoolError("NO_TEXT_STREAM", "decode: stop strings need a sampler with a textStream");
    }
    return new Promise((resolve, reject) => {
      this.#running.push({ sequence, request, resolve, reject, tokenIds: [], logProbs: [], text, tail: "" });
      if (!this.#ticking) {
        this.#ticking = true;
        setImmediate(() => void this.#loop());
      }
    });
  }

  dispose(): void {
    this.#cache.dispose();
  }

  #get(id: number): Sequence {
    const sequence = this.#sequences.get(id);
    if (sequence === undefined) throw new RetoolError("NO_SUCH_SEQUENCE", `sequence ${id} is not open`);
    return sequence;
  }

  async #loop(): Promise<void> {
    try {
      while (this.#running.length > 0) {
        await this.#step();
        await new Promise(setImmediate); // lets finished tools hand in their results
      }
    } catch (error) {
      for (const { reject } of this.#running) reject(error);
      this.#running = [];
    } finally {
      this.#ticking = false;
    }
  }

  /** One forward pass over all that is running, and one token for each. */
  async #step(): Promise<void> {
    const batch = this.#running.filter((running) => !this.#finishEarly(running));
    this.#running = batch;
    if (batch.length === 0) return;
    const logits = await this.#logits(batch.map(({ sequence }) => sequence));
    const width = this.#model.config.vocabSize;
    batch.forEach((running, i) => this.#take(running, logits.subarray(i * width, (i + 1) * width)));
    this.#stats.sampledTokens += batch.length;
  }

  /** Ends what may not go on before spending a forward pass on it. */
  #finishEarly(running: Running): boolean {
    const { sequence, request } = running;
    if (request.signal?.aborted) return this.#finish(running, "aborted");
    if (sequence.length + sequence.pending.length >= this.#options.maxLength) return this.#finish(running, "full");
    if (running.tokenIds.length >= request.maxTokens) return this.#finish(running, "length");
    return false;
  }

  #finish(running: Running, finish: DecodeResult["finish"], stopString?: string): true {
    const { tokenIds, logProbs } = running;
    running.resolve({ tokenIds, logProbs, finish, ...(stopString === undefined ? {} : { stopString }) });
    return true;
  }

  #take(running: Running, logits: Float32Array): void {
    const { sequence, request } = running;
    const { tokenId, logProb } = sampleToken(logits, this.#options.vocabSize, request, request.uniform(sequence.length));
    running.tokenIds.push(tokenId);
    running.logProbs.push(logProb);
    sequence.pending = [tokenId];
    const stopString = this.#stopString(running, tokenId);
    if (stopString !== undefined || request.stopTokenIds?.includes(tokenId)) {
      this.#finish(running, "stop", stopString);
      this.#running = this.#running.filter((other) => other !== running);
    }
  }

  #stopString(running: Running, tokenId: number): string | undefined {
    if (running.text === undefined) return undefined;
    const stops = running.request.stopStrings!;
    const added = running.text.push(tokenId);
    const text = running.tail + added;
    const hit = stops.filter((stop) => text.includes(stop)).sort((a, b) => text.indexOf(a) - text.indexOf(b))[0];
    const longest = Math.max(...stops.map((stop) => stop.length));
    running.tail = longest > 1 ? text.slice(-(longest - 1)) : "";
    return hit;
  }

  /** Logits after the last pending token of each sequence, `[sequences, vocab]` in one array. */
  async #logits(sequences: readonly Sequence[]): Promise<Float32Array> {
    const lengths = sequences.map(({ pending }) => pending.length);
    const hidden = this.#forward(sequences);
    const logits = tf.tidy(() => {
      let end = 0;
      const last = lengths.map((length) => (end += length) - 1);
      const states = hidden.shape[0] === sequences.length ? hidden : gatherRows(hidden, tf.tensor1d(last, "int32"));
      return this.#model.logits(states);
    });
    hidden.dispose();
    try {
      return (await logits.data()) as Float32Array;
    } finally {
      logits.dispose();
    }
  }

  /** Takes in all pending tokens of the sequences. Hidden states `[tokens, hiddenSize]`, owned by the caller. */
  #forward(sequences: readonly Sequence[]): tf.Tensor2D {
    const lengths = sequences.map(({ pending }) => pending.length);
    const past = sequences.map(({ length }) => length);
    const layout = packRows(lengths, past);
    const tokenIds = tf.tensor1d(
      sequences.flatMap(({ pending }) => pending),
      "int32",
    );
    const slots = Int32Array.from(sequences, ({ slot }) => slot);
    const hidden = this.#model.forwardCached(tokenIds, layout, this.#cache, slots, Int32Array.from(past));
    tokenIds.dispose();
    disposeLayout(layout);
    for (const sequence of sequences) {
      sequence.length += sequence.pending.length;
      sequence.pending = [];
    }
    this.#stats.forwardPasses++;
    this.#stats.prefilledTokens += layout.tokens - sequences.length;
    return hidden;
  }
}

import { StopStringScanner, type EngineSampler, type TurnRequest, type TurnTokens } from "@retool-ts/engine";
import { RetoolError } from "@retool-ts/core";
import { chooseTokens } from "./choose-tokens.js";
import { createKVCache } from "../kv-cache/kv-cache.js";
import type { KVCache } from "../kv-cache/kv-cache-types.js";
import type { LocalSamplerOptions, SamplerStats } from "./decode-request.js";
import { later } from "./later.js";
import { MAX_TOP_LOG_PROBS } from "./likeliest-tokens.js";
import { RunningDecode } from "./running-decode.js";
import { checkSamplerOptions } from "./sampler-options.js";
import type { Sequence } from "./sequence.js";
import { SequenceForward } from "./sequence-forward.js";
import type { Transformer } from "../transformer.js";

/**
 * Samples many sequences together, with a KV cache that stays between calls.
 *
 * A sequence is a handle: `open` a prompt, `fork` it for each sample of a group, `decode` until a stop, `extend` it with a tool's
 * output, `decode` again, `close`. All decodes that are running share each forward pass, and join and leave as they like; what a
 * sequence gets depends on nothing but its own tokens and random numbers.
 */
export class LocalSampler implements EngineSampler {
  readonly #model: Transformer;
  readonly #options: LocalSamplerOptions;
  readonly #cache: KVCache;
  readonly #free: number[];
  readonly #sequences = new Map<number, Sequence>();
  #running: RunningDecode[] = [];
  #nextId = 0;
  #ticking = false;
  readonly #forward: SequenceForward;
  #sampledTokens = 0;

  /** @throws InputError when the vocabulary or the length exceed what the model has. */
  constructor(model: Transformer, options: LocalSamplerOptions) {
    checkSamplerOptions(model.config, options);
    this.#model = model;
    this.#options = options;
    this.#cache = createKVCache(model.config, options.maxSequences, options.maxLength);
    this.#forward = new SequenceForward(model, this.#cache, options.maxPrefillTokens);
    this.#free = Array.from({ length: options.maxSequences }, (_, i) => options.maxSequences - 1 - i);
  }

  /** Longest sequence, in tokens. */
  get maxLength(): number {
    return this.#options.maxLength;
  }

  /** Most alternatives of a token that it tells. */
  get maxTopLogProbs(): number {
    return MAX_TOP_LOG_PROBS;
  }

  /** Counters since the sampler was made. */
  get stats(): SamplerStats {
    return { sampledTokens: this.#sampledTokens, ...this.#forward.stats, cacheBytes: this.#cache.bytes };
  }

  /** The number of sequences that can still be opened. */
  get available(): number {
    return this.#free.length;
  }

  /** Starts a sequence. Its tokens are computed with the next decode. */
  open(tokenIds: readonly number[]): number {
    if (tokenIds.length === 0) throw new RetoolError("EMPTY_PROMPT", "open: a prompt needs at least one token");
    this.#checkIds("open", tokenIds);
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new RetoolError(
        "NO_FREE_SEQUENCE",
        `open: all ${this.#options.maxSequences} sequences are in use; close one or raise maxSequences`,
      );
    }
    const id = this.#nextId++;
    this.#sequences.set(id, { slot, length: 0, pending: [...tokenIds], computed: this.#options.reuseCache === false ? [] : undefined });
    return id;
  }

  /** Computes all but the last pending token now, so that forks share the work. */
  async prefill(ids: readonly number[]): Promise<void> {
    const fits = ({ length, pending }: Sequence) => length + pending.length <= this.#options.maxLength; // decode reports the others as full
    const sequences = ids.map((id) => this.#get(id)).filter((sequence) => sequence.pending.length > 1 && fits(sequence));
    if (sequences.length === 0) return;
    const last = sequences.map(({ pending }) => pending.pop()!);
    try {
      this.#forward.prefill(sequences);
    } finally {
      sequences.forEach(({ pending }, i) => pending.push(last[i]!));
    }
  }

  /** A second sequence that continues from the same tokens. */
  fork(id: number): number {
    return this.forkAt(id, this.length(id));
  }

  /** A second sequence that continues from the first `length` tokens. */
  forkAt(id: number, length: number): number {
    const source = this.#get(id);
    if (!(Number.isInteger(length) && length >= 0 && length <= this.length(id))) {
      throw new RetoolError("FORK_LENGTH", `forkAt: expected a length from 0 to ${this.length(id)}, got ${length}`);
    }
    const copy = this.open([0]);
    const target = this.#get(copy);
    target.length = Math.min(source.length, length);
    target.pending = source.pending.slice(0, length - target.length);
    target.computed?.push(...(source.computed ?? []).slice(0, target.length));
    if (target.length > 0) this.#cache.copy(source.slot, target.slot, target.length);
    return copy;
  }

  /** Appends forced tokens, such as a tool's output. */
  extend(id: number, tokenIds: readonly number[]): void {
    this.#checkIds("extend", tokenIds);
    const sequence = this.#idle("extend", id);
    if (sequence.computed !== undefined) {
      sequence.pending.unshift(...sequence.computed.splice(0));
      sequence.length = 0;
    }
    for (const tokenId of tokenIds) sequence.pending.push(tokenId);
  }

  /** Tokens of the sequence so far, computed or not. */
  length(id: number): number {
    const { length, pending } = this.#get(id);
    return length + pending.length;
  }

  /** Gives the sequence's place free. A decode of it that is running ends as aborted. */
  close(id: number): void {
    const sequence = this.#get(id);
    this.#running = this.#running.filter((running) => running.sequence !== sequence || !running.finish("aborted"));
    this.#sequences.delete(id);
    this.#free.push(sequence.slot);
  }

  /** Samples until a stop, the token budget, or the longest length. */
  decode(id: number, request: TurnRequest): Promise<TurnTokens> {
    const sequence = this.#idle("decode", id);
    const stops = request.stopStrings?.length ? this.#scanner(request.stopStrings) : undefined;
    this.#checkIds("decode", request.begun?.tokenIds ?? []);
    const running = new RunningDecode(sequence, request, stops);
    if (running.begin()) return running.result;
    this.#running.push(running);
    if (!this.#ticking) {
      this.#ticking = true;
      later(() => void this.#loop());
    }
    return running.result;
  }

  /** Frees the cache. Close or finish all sequences first. */
  dispose(): void {
    this.#cache.dispose();
  }

  #get(id: number): Sequence {
    const sequence = this.#sequences.get(id);
    if (sequence === undefined) throw new RetoolError("NO_SUCH_SEQUENCE", `sequence ${id} is not open`);
    return sequence;
  }

  /** A sequence that no decode is working on. */
  #idle(where: string, id: number): Sequence {
    const sequence = this.#get(id);
    if (!this.#running.some((running) => running.sequence === sequence)) return sequence;
    throw new RetoolError("SEQUENCE_BUSY", `${where}: sequence ${id} is being decoded`);
  }

  #scanner(stopStrings: readonly string[]): StopStringScanner {
    const { textStream } = this.#options;
    if (textStream === undefined) throw new RetoolError("NO_TEXT_STREAM", "decode: stop strings need a sampler with a textStream");
    return new StopStringScanner(textStream(), stopStrings);
  }

  #checkIds(where: string, tokenIds: readonly number[]): void {
    const { vocabSize } = this.#model.config;
    const wrong = tokenIds.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
    if (wrong === undefined) return;
    throw new RetoolError("TOKEN_OUT_OF_RANGE", `${where}: expected token ids from 0 to ${vocabSize - 1}, got ${wrong}`);
  }

  async #loop(): Promise<void> {
    try {
      while (this.#running.length > 0) {
        await this.#step();
        await new Promise<void>(later); // lets finished tools hand in their results
      }
    } catch (error) {
      for (const running of this.#running) running.fail(error);
      this.#running = [];
    } finally {
      this.#ticking = false;
    }
  }

  /** One forward pass over all that is running, and one token for each. */
  async #step(): Promise<void> {
    const batch = this.#running.filter((running) => !this.#finishEarly(running));
    this.#running = [...batch]; // a decode that begins while the logits are awaited waits for the next step
    if (batch.length === 0) return;
    const logits = this.#forward.logits(batch.map(({ sequence }) => sequence));
    try {
      const draws = batch.map(({ request, sequence }) => ({
        options: request,
        uniform: request.uniform(sequence.length),
        topLogProbs: request.topLogProbs ?? 0,
      }));
      const tokens = await chooseTokens(logits, draws, this.#options);
      const open = new Set(this.#running); // a sequence may have been closed meanwhile
      const ended = new Set(batch.filter((running, i) => open.has(running) && running.push(tokens[i]!)));
      this.#running = this.#running.filter((running) => !ended.has(running));
    } finally {
      logits.dispose();
    }
    this.#sampledTokens += batch.length;
  }

  /** Ends what may not go on before spending a forward pass on it. */
  #finishEarly(running: RunningDecode): boolean {
    const { sequence, request } = running;
    if (request.signal?.aborted) return running.finish("aborted");
    if (sequence.length + sequence.pending.length >= this.#options.maxLength) return running.finish("full");
    if (running.tokens >= request.maxTokens) return running.finish("length");
    return false;
  }
}

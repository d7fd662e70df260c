import { uniformAt } from "@retool-ts/core";
import type { Tokenizer } from "@retool-ts/data";
import type { Sampler, SamplingParameters, TurnTokens } from "@retool-ts/engine";
import { HttpFault } from "@retool-ts/http";
import { SequencePool } from "./sequence-pool.js";

/** A model as the server needs it. */
export interface ServedModel {
  readonly tokenizer: Tokenizer;
  readonly sampler: Sampler;
  /** Ids that end a text. */
  readonly eosTokenIds: readonly number[];
}

/** One prompt to go on from. */
export interface GenerationRequest extends SamplingParameters {
  readonly promptIds: readonly number[];
  /** Names the random numbers of each choice; as many as there are choices. */
  readonly keys: readonly (readonly [number, number])[];
  /** Most tokens of a choice; default: up to the longest sequence. */
  readonly maxTokens?: number;
  readonly stopStrings: readonly string[];
  readonly onToken?: (choice: number, tokenId: number, logProb: number) => void;
  readonly onPrompt?: (cachedTokens: number) => void;
  readonly scope?: string;
  readonly signal: AbortSignal;
}

/** Counters of what was generated. */
export interface GenerationStats {
  readonly completionTokens: number;
  readonly requests: number;
}

/** Continues prompts with a sampler that many requests share. */
export class CompletionEngine {
  readonly model: ServedModel;
  readonly pool: SequencePool;
  #completionTokens = 0;
  #requests = 0;

  constructor(model: ServedModel, options: { readonly prefixCache?: boolean } = {}) {
    this.model = model;
    this.pool = new SequencePool(model.sampler, { keeps: options.prefixCache ?? true });
  }

  get stats(): GenerationStats {
    return { completionTokens: this.#completionTokens, requests: this.#requests };
  }

  /**
   * One choice for each key, with the ids as sampled.
   *
   * @throws HttpFault when the prompt leaves no room; the signal's reason when it is aborted.
   */
  async generate(request: GenerationRequest): Promise<TurnTokens[]> {
    const { promptIds: tokenIds, keys, signal, scope } = request;
    const { maxLength } = this.model.sampler;
    if (tokenIds.length === 0) throw new HttpFault(400, "prompt: expected at least one token", { param: "prompt" });
    if (tokenIds.length >= maxLength) {
      const message = `this model's maximum context length is ${maxLength} tokens, and the prompt has ${tokenIds.length}`;
      throw new HttpFault(400, message, { param: "messages", code: "context_length_exceeded" });
    }
    const lease = await this.pool.acquire({ tokenIds, count: keys.length, ...(scope !== undefined && { scope }), signal });
    this.#requests++;
    request.onPrompt?.(lease.cachedTokens);
    const ends = await Promise.allSettled(lease.sequences.map((sequence, choice) => this.#decode(sequence, choice, request)));
    lease.sequences.forEach((sequence, choice) => {
      const end = ends[choice]!;
      const isWhole = end.status === "fulfilled" && end.value.finish !== "aborted";
      this.pool.release(sequence, isWhole ? [...tokenIds, ...end.value.tokenIds] : undefined, scope);
    });
    const turns = ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      return end.value;
    });
    for (const turn of turns) this.#completionTokens += turn.tokenIds.length;
    signal.throwIfAborted();
    return turns;
  }

  #decode(sequence: number, choice: number, request: GenerationRequest): Promise<TurnTokens> {
    const { temperature, topP, topK, promptIds, maxTokens, stopStrings, onToken, signal, keys } = request;
    const key = keys[choice]!;
    const room = this.model.sampler.maxLength - promptIds.length;
    return this.model.sampler.decode(sequence, {
      temperature,
      topP,
      topK,
      maxTokens: Math.min(maxTokens ?? room, room),
      uniform: (position) => uniformAt(key, position),
      stopTokenIds: this.model.eosTokenIds,
      stopStrings,
      ...(onToken && { onToken: (tokenId: number, logProb: number) => onToken(choice, tokenId, logProb) }),
      signal,
    });
  }
}

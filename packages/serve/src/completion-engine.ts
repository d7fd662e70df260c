import { uniformAt } from "@retool-ts/core";
import type { Tokenizer } from "@retool-ts/data";
import type { Sampler, SamplingParameters, TokenAlternative, TurnTokens } from "@retool-ts/engine";
import { HttpFault } from "@retool-ts/http";
import { SequencePool } from "./sequence-pool.js";

/** A model as the server needs it. */
export interface ServedModel {
  readonly tokenizer: Tokenizer;
  readonly sampler: Sampler;
  /** Ids that end a text. */
  readonly eosTokenIds: readonly number[];
}

/** The token that ends a text, as text; empty for one that does not. */
export function endText(last: number | undefined, { tokenizer, eosTokenIds }: ServedModel): string {
  return last !== undefined && eosTokenIds.includes(last) ? (tokenizer.idToToken(last) ?? "") : "";
}

/** One prompt to go on from. */
export interface GenerationRequest extends SamplingParameters {
  readonly promptIds: readonly number[];
  /** Names the random numbers of each choice; as many as there are choices. */
  readonly keys: readonly (readonly [number, number])[];
  /** Most tokens of a choice; default: up to the longest sequence. */
  readonly maxTokens?: number;
  readonly stopStrings: readonly string[];
  /** Likeliest tokens to tell at each place; see {@link CompletionEngine.check}. */
  readonly topLogProbs?: number;
  readonly onToken?: (choice: number, tokenId: number, logProb: number, alternatives?: readonly TokenAlternative[]) => void;
  readonly onPrompt?: (cachedTokens: number) => void;
  readonly scope?: string;
  readonly signal: AbortSignal;
}

/** Counters of what was generated. */
export interface GenerationStats {
  readonly completionTokens: number;
  readonly requests: number;
}

/** Names that faults give to parts of a request. */
export interface RequestFields {
  readonly prompt: string;
  readonly topLogProbs: string;
}

const CHAT_FIELDS: RequestFields = { prompt: "messages", topLogProbs: "top_logprobs" };

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
   * Looks at a request before anything is answered.
   *
   * @throws HttpFault when the prompt leaves no room, or more is asked for than the sampler has.
   */
  check(
    { promptIds, keys, topLogProbs = 0 }: Pick<GenerationRequest, "promptIds" | "keys" | "topLogProbs">,
    fields: RequestFields = CHAT_FIELDS,
  ): void {
    const { maxLength, maxTopLogProbs = 0 } = this.model.sampler;
    if (promptIds.length === 0) throw new HttpFault(400, `${fields.prompt}: expected at least one token`, { param: fields.prompt });
    if (promptIds.length >= maxLength) throw contextFault(maxLength, `the prompt has ${promptIds.length}`, fields.prompt);
    this.pool.check(keys.length);
    if (topLogProbs <= maxTopLogProbs) return;
    const most = maxTopLogProbs === 0 ? "this engine tells the log-probability of the token that was sampled alone" : `this engine tells at most ${maxTopLogProbs}`; // prettier-ignore
    throw new HttpFault(400, `${fields.topLogProbs}: ${most}`, { param: fields.topLogProbs, code: "unsupported_value" });
  }

  /**
   * One choice for each key, with the ids as sampled.
   *
   * @throws HttpFault as {@link CompletionEngine.check} does; the signal's reason when it is aborted.
   */
  async generate(request: GenerationRequest): Promise<TurnTokens[]> {
    const { keys } = request;
    this.check(request);
    this.#requests++;
    const atOnce = Math.max(1, Math.floor(this.pool.size / 2));
    const turns: TurnTokens[] = [];
    // whoever asks for many choices takes turns with others
    for (let from = 0; from < keys.length; from += atOnce)
      turns.push(...(await this.#choices(request, from, Math.min(keys.length, from + atOnce))));
    return turns;
  }

  async #choices(request: GenerationRequest, from: number, to: number): Promise<TurnTokens[]> {
    const { promptIds: tokenIds, signal, scope } = request;
    const lease = await this.pool.acquire({ tokenIds, count: to - from, ...(scope !== undefined && { scope }), signal });
    if (from === 0) request.onPrompt?.(lease.cachedTokens);
    const ends = await Promise.allSettled(lease.sequences.map((sequence, place) => this.#decode(sequence, from + place, request)));
    lease.sequences.forEach((sequence, place) => {
      const end = ends[place]!;
      const isWhole = end.status === "fulfilled" && end.value.finish !== "aborted";
      this.pool.release(sequence, isWhole ? [...tokenIds, ...end.value.tokenIds] : undefined, scope);
    });
    const turns = ends.map((end) => {
      if (end.status === "rejected") throw end.reason;
      return end.value;
    });
    signal.throwIfAborted();
    return turns;
  }

  async #decode(sequence: number, choice: number, request: GenerationRequest): Promise<TurnTokens> {
    const { temperature, topP, topK, minP = 0, promptIds, maxTokens, stopStrings, topLogProbs = 0, onToken, signal, keys } = request;
    const key = keys[choice]!;
    const room = this.model.sampler.maxLength - promptIds.length;
    let told = 0;
    const turn = await this.model.sampler.decode(sequence, {
      temperature,
      topP,
      topK,
      minP,
      maxTokens: Math.min(maxTokens ?? room, room),
      uniform: (position) => uniformAt(key, position),
      stopTokenIds: this.model.eosTokenIds,
      stopStrings,
      ...(topLogProbs > 0 && { topLogProbs }),
      onToken: (...token) => {
        told++;
        this.#completionTokens++;
        onToken?.(choice, ...token);
      },
      signal,
    });
    this.#completionTokens += turn.tokenIds.length - told; // of a sampler that tells them at the end
    return turn;
  }
}

/** A prompt that is too long for the model, in the API's words. */
export function contextFault(maxLength: number, found: string, param = CHAT_FIELDS.prompt): HttpFault {
  const message = `this model's maximum context length is ${maxLength} tokens, and ${found}`;
  return new HttpFault(400, message, { param, code: "context_length_exceeded" });
}

import { InputError, RetoolError } from "@retool-ts/core";
import { StopStringScanner, type EngineSampler, type SamplerOptions, type TurnRequest, type TurnTokens } from "@retool-ts/engine";
import { checkIds } from "../client/check-data.js";
import { TinkerAnswerError } from "../client/errors.js";
import type { SampleOptions } from "../client/sampling-weights.js";
import type { SampleResponse, WireSamplingParams } from "../wire/sample.js";
import type { StopIds } from "./stop-ids.js";

/** Tokens asked for at once where a stop string is no token of its own, so that little is sampled behind it. */
const SLICE_TOKENS = 256;
/** Numbers of tokens are asked for in multiples of it, and what is too much is dropped: some servers compile anew for every other number. */
const ASKED_MULTIPLE = 32;
/** Ids in a row that may not be sampled, before the server is given up. */
const MAX_REJECTED = 16;

/** Settings of a request for tokens. */
export type TokenParams = WireSamplingParams & {
  /** No part of the Tinker API: it goes to a source that `offersMinP` alone. */
  readonly min_p?: number;
};

/** What samples one sequence a request. */
export interface TokenSource {
  sample(options: Omit<SampleOptions, "params"> & { readonly params: TokenParams }): Promise<Pick<SampleResponse, "sequences">>;
}

/** A sampler's way to weights and to what it shares with others. */
export interface TinkerSamplerParts {
  /** The weights to sample from now. */
  weights(): Promise<TokenSource>;
  readonly stopIds: StopIds;
  /** Rows of the embedding. */
  readonly modelVocabSize: number;
  /** Longest sequence of the model, in tokens. */
  readonly maxPositions: number;
  /** Numbers of tokens are asked for in multiples of it. Default: 32. */
  readonly askedMultiple?: number;
  /** Default false: min-p is refused. */
  readonly offersMinP?: boolean;
  onDispose?(): void;
}

interface Sequence {
  readonly tokenIds: number[];
  isBusy: boolean;
}

/**
 * Samples turn by turn from weights on a server, which keeps nothing between turns: every request has the whole sequence. Each decode is a
 * request of its own, so that a turn ends as soon as it is done, while others go on.
 *
 * A function of random numbers cannot be sent: the number at a turn's first position is its seed.
 */
export class TinkerSampler implements EngineSampler {
  readonly #options: SamplerOptions;
  readonly #parts: TinkerSamplerParts;
  readonly #sequences = new Map<number, Sequence>();
  readonly #unused: ReadonlySet<number>;
  #nextId = 0;

  constructor(options: SamplerOptions, parts: TinkerSamplerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#unused = new Set(options.unusedTokenIds);
  }

  get maxLength(): number {
    return this.#options.maxLength;
  }

  get available(): number {
    return this.#options.maxSequences - this.#sequences.size;
  }

  open(tokenIds: readonly number[]): number {
    if (tokenIds.length === 0) throw new RetoolError("EMPTY_PROMPT", "open: a prompt needs at least one token");
    checkIds(tokenIds, this.#parts.modelVocabSize, "open");
    if (this.available === 0) {
      throw new RetoolError(
        "NO_FREE_SEQUENCE",
        `open: all ${this.#options.maxSequences} sequences are in use; close one or raise maxSequences`,
      );
    }
    const id = this.#nextId++;
    this.#sequences.set(id, { tokenIds: [...tokenIds], isBusy: false });
    return id;
  }

  /** Nothing: a server shares prompts by itself, or not. */
  async prefill(): Promise<void> {}

  fork(id: number): number {
    return this.open(this.#get(id).tokenIds);
  }

  extend(id: number, tokenIds: readonly number[]): void {
    checkIds(tokenIds, this.#parts.modelVocabSize, "extend");
    this.#idle("extend", id).tokenIds.push(...tokenIds);
  }

  close(id: number): void {
    this.#get(id);
    this.#sequences.delete(id);
  }

  async decode(id: number, request: TurnRequest): Promise<TurnTokens> {
    const sequence = this.#idle("decode", id);
    if ((request.minP ?? 0) > 0 && this.#parts.offersMinP !== true) throw noMinP(request.minP!);
    sequence.isBusy = true;
    try {
      return await new Turn(sequence.tokenIds, request, this.#scanner(request)).run((turn) => this.#more(sequence, request, turn));
    } finally {
      sequence.isBusy = false;
    }
  }

  dispose(): void {
    this.#sequences.clear();
    this.#parts.onDispose?.();
  }

  /** Asks for the rest of a turn, or a slice of it; what ends the turn, if it ends. */
  async #more({ tokenIds }: Sequence, request: TurnRequest, turn: Turn): Promise<TurnTokens["finish"] | undefined> {
    const { signal, temperature, topP, topK, minP = 0 } = request;
    if (signal?.aborted) return "aborted";
    if (tokenIds.length >= this.maxLength) return "full";
    if (turn.length >= request.maxTokens) return "length";
    const stops = this.#stops(request);
    const room = Math.min(request.maxTokens - turn.length, this.maxLength - tokenIds.length, stops.areAllIds ? Infinity : SLICE_TOKENS);
    const seed = seedOf(request.uniform(tokenIds.length), turn.rejected);
    const multiple = this.#parts.askedMultiple ?? ASKED_MULTIPLE;
    const asked = Math.min(multiple * Math.ceil(room / multiple), this.#parts.maxPositions - tokenIds.length);
    const params = {
      max_tokens: asked,
      temperature,
      top_p: topP,
      top_k: topK === 0 ? -1 : topK,
      ...(minP > 0 && { min_p: minP }),
      seed,
      ...(stops.ids.length > 0 && { stop: stops.ids }),
    };
    try {
      const weights = await this.#parts.weights();
      const { sequences } = await weights.sample({ prompt: tokenIds, params, signal });
      const { tokens, logprobs, stop_reason: reason } = sequences[0]!;
      for (let i = 0; i < Math.min(room, tokens.length); i++) {
        if (this.#isForbidden(tokens[i]!)) return turn.reject(); // what follows was sampled behind it
        if (turn.push(tokens[i]!, logprobs![i]!)) return "stop";
      }
      if (tokens.length >= room) return undefined;
      return reason === "stop" || tokens.length > 0 ? "stop" : "full";
    } catch (error) {
      if (signal?.aborted) return "aborted";
      throw error;
    }
  }

  /** Rows of the embedding without a token, and reserved ids. */
  #isForbidden(id: number): boolean {
    return id >= this.#options.vocabSize || this.#unused.has(id);
  }

  #stops({ stopTokenIds = [], stopStrings = [] }: TurnRequest): { readonly ids: readonly number[]; readonly areAllIds: boolean } {
    const found = stopStrings.map((stop) => this.#parts.stopIds.of(stop, this.#options));
    const ids = [...new Set([...stopTokenIds, ...found.filter((id) => id !== undefined)])];
    return { ids, areAllIds: !found.includes(undefined) };
  }

  #scanner({ stopStrings = [] }: TurnRequest): StopStringScanner | undefined {
    if (stopStrings.length === 0) return undefined;
    const { textStream } = this.#options;
    if (textStream === undefined) throw new RetoolError("NO_TEXT_STREAM", "decode: stop strings need a sampler with a textStream");
    return new StopStringScanner(textStream(), stopStrings);
  }

  #get(id: number): Sequence {
    const sequence = this.#sequences.get(id);
    if (sequence === undefined) throw new RetoolError("NO_SUCH_SEQUENCE", `sequence ${id} is not open`);
    return sequence;
  }

  #idle(where: string, id: number): Sequence {
    const sequence = this.#get(id);
    if (sequence.isBusy) throw new RetoolError("SEQUENCE_BUSY", `${where}: sequence ${id} is being decoded`);
    return sequence;
  }
}

/** A whole number below 2^31 of a uniform one; another for each try at the same place. */
function seedOf(uniform: number, tries: number): number {
  return (Math.floor(uniform * 2 ** 31) + 0x9e3779b1 * tries) % 2 ** 31;
}

/** Tokens of one decode, and what ended it. */
class Turn {
  readonly #sequence: number[];
  readonly #request: TurnRequest;
  readonly #scanner: StopStringScanner | undefined;
  readonly #tokenIds: number[] = [];
  readonly #logProbs: number[] = [];
  #stopString: string | undefined;
  #rejected = 0;

  constructor(sequence: number[], request: TurnRequest, scanner: StopStringScanner | undefined) {
    this.#sequence = sequence;
    this.#request = request;
    this.#scanner = scanner;
  }

  get length(): number {
    return this.#tokenIds.length;
  }

  async run(more: (turn: Turn) => Promise<TurnTokens["finish"] | undefined>): Promise<TurnTokens> {
    const { tokenIds = [], logProbs = [] } = this.#request.begun ?? {};
    if (tokenIds.some((tokenId, i) => this.#add(tokenId, logProbs[i]!))) return this.#end("stop");
    for (;;) {
      const finish = await more(this);
      if (finish !== undefined) return this.#end(finish);
    }
  }

  /** Takes a new token; true when it ends the turn. */
  push(tokenId: number, logProb: number): boolean {
    this.#rejected = 0;
    this.#request.onToken?.(tokenId, logProb);
    return this.#add(tokenId, logProb);
  }

  /** Goes on from before an id that may not be sampled, with another seed. */
  reject(): undefined {
    if (++this.#rejected >= MAX_REJECTED) {
      throw new TinkerAnswerError(`asample: ${MAX_REJECTED} ids in a row that the tokenizer does not know`, { route: "asample" });
    }
  }

  get rejected(): number {
    return this.#rejected;
  }

  #add(tokenId: number, logProb: number): boolean {
    this.#tokenIds.push(tokenId);
    this.#logProbs.push(logProb);
    this.#sequence.push(tokenId);
    this.#stopString = this.#scanner?.push(tokenId);
    return this.#stopString !== undefined || this.#request.stopTokenIds?.includes(tokenId) === true;
  }

  #end(finish: TurnTokens["finish"]): TurnTokens {
    return {
      tokenIds: this.#tokenIds,
      logProbs: this.#logProbs,
      finish,
      ...(this.#stopString !== undefined && { stopString: this.#stopString }),
    };
  }
}

function noMinP(found: number): InputError {
  return new InputError({
    what: "sampling",
    where: "minP",
    expected: "0: the Tinker API has no min-p",
    found: String(found),
    fix: "leave minP out, or use topP",
  });
}

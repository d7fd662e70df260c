/** How tokens are drawn. */
export interface SamplingParameters {
  readonly temperature: number;
  readonly topP: number;
  /** 0 keeps all. */
  readonly topK: number;
}

/** Asks for one turn. */
export interface TurnRequest extends SamplingParameters {
  readonly maxTokens: number;
  /** Uniform random number for the token at a position of the sequence: a pure function, so that rollouts can be replayed. */
  readonly uniform: (position: number) => number;
  readonly stopTokenIds?: readonly number[];
  readonly stopStrings?: readonly string[];
  /** Called with each new token. */
  readonly onToken?: (tokenId: number, logProb: number) => void;
  /** What an interrupted decode of this turn gave: the turn goes on from there. */
  readonly begun?: Pick<TurnTokens, "tokenIds" | "logProbs">;
  readonly signal?: AbortSignal;
}

/** What the policy wrote in one turn; the ids are the truth. */
export interface TurnTokens {
  readonly tokenIds: readonly number[];
  /** Under the whole vocabulary at the request's temperature. */
  readonly logProbs: readonly number[];
  readonly finish: "stop" | "length" | "full" | "aborted";
  readonly stopString?: string;
}

/**
 * Makes tokens. A sequence is a handle whose computed state stays between calls, so that a tool's output costs only its own tokens.
 * `@retool-ts/policy` has one in process; an HTTP server can be another.
 */
export interface Sampler {
  /** Longest sequence, in tokens. */
  readonly maxLength: number;
  /** How many more sequences can be opened. */
  readonly available: number;
  open(tokenIds: readonly number[]): number;
  /** Computes prompts now, so that forks share the work. */
  prefill(sequences: readonly number[]): Promise<void>;
  fork(sequence: number): number;
  extend(sequence: number, tokenIds: readonly number[]): void;
  decode(sequence: number, request: TurnRequest): Promise<TurnTokens>;
  close(sequence: number): void;
}

/** Text to ids and back; `@retool-ts/data` has tokenizers. */
export interface TextCodec {
  encode(text: string): number[];
  /** Text in which nothing may become a control token. */
  encodeUntrusted(text: string): number[];
  decode(tokenIds: ArrayLike<number>): string;
}

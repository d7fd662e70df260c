/** Settings of the distribution that tokens are drawn from. */
export interface SamplingParameters {
  readonly temperature: number;
  readonly topP: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** Least probability of a token as a share of the likeliest one's, after top-k and top-p; 0, the default, keeps all. */
  readonly minP?: number;
}

/** A token that might have been sampled, with its log-probability under the whole vocabulary at the request's temperature. */
export interface TokenAlternative {
  readonly tokenId: number;
  readonly logProb: number;
}

/** Asks for one turn. */
export interface TurnRequest extends SamplingParameters {
  readonly maxTokens: number;
  /** Uniform random number for the token at a position of the sequence: a pure function, so that rollouts can be replayed. */
  readonly uniform: (position: number) => number;
  readonly stopTokenIds?: readonly number[];
  readonly stopStrings?: readonly string[];
  /** Tell this many of the likeliest tokens at each place, at most the sampler's `maxTopLogProbs`; 0, the default, tells none. */
  readonly topLogProbs?: number;
  /** Called with each new token, and the likeliest at its place where they are asked for. */
  readonly onToken?: (tokenId: number, logProb: number, alternatives?: readonly TokenAlternative[]) => void;
  /** Tokens of an interrupted decode of this turn, which goes on behind them. */
  readonly begun?: Pick<TurnTokens, "tokenIds" | "logProbs">;
  readonly signal?: AbortSignal;
}

/** Tokens that the policy wrote in one turn; the ids are the truth. */
export interface TurnTokens {
  readonly tokenIds: readonly number[];
  /** Under the whole vocabulary at the request's temperature. */
  readonly logProbs: readonly number[];
  /** The likeliest tokens at each place, likeliest first, where the request asks for them; none for tokens that the turn had begun with. */
  readonly topLogProbs?: readonly (readonly TokenAlternative[])[];
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
  /** Most alternatives that it can tell for a token; a sampler without it can tell none. */
  readonly maxTopLogProbs?: number;
  /** Number of sequences that can still be opened. */
  readonly available: number;
  open(tokenIds: readonly number[]): number;
  /** Computes prompts now, so that forks share the work. */
  prefill(sequences: readonly number[]): Promise<void>;
  fork(sequence: number): number;
  /**
   * A second sequence that continues from the first `length` tokens, as `fork` does from all of them. A server shares the work of equal
   * beginnings with it where a sampler has it.
   */
  forkAt?(sequence: number, length: number): number;
  extend(sequence: number, tokenIds: readonly number[]): void;
  decode(sequence: number, request: TurnRequest): Promise<TurnTokens>;
  close(sequence: number): void;
}

/** Text that grows token by token; returns what has become certain. */
export interface TextStream {
  push(tokenId: number): string;
}

/** Fixed for the life of a sampler. */
export interface SamplerOptions {
  /** Sequences that can be open at once. */
  readonly maxSequences: number;
  /** Longest sequence, in tokens. */
  readonly maxLength: number;
  /** Ids that the tokenizer knows; padding rows of the embedding above them are never sampled. */
  readonly vocabSize: number;
  /** Ids below `vocabSize` that are never sampled. */
  readonly unusedTokenIds?: readonly number[];
  /** Keep keys and values between turns; default true. */
  readonly reuseCache?: boolean;
  /** Makes the text of a sequence, in which stop strings are looked for; needed for those alone. */
  readonly textStream?: () => TextStream;
}

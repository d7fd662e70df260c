import type { SamplingOptions } from "./sampling.js";
import type { TextStream } from "./stop-strings.js";

/** The beginning of a decode; both arrays have one length. */
export interface BegunDecode {
  readonly tokenIds: readonly number[];
  readonly logProbs: readonly number[];
}

/** One call of a decode. */
export interface DecodeRequest extends SamplingOptions {
  readonly maxTokens: number;
  /** A uniform number in [0, 1) for the token at this position of the sequence, counted from its first prompt token. */
  readonly uniform: (position: number) => number;
  readonly stopTokenIds?: readonly number[];
  /** Stop after the token that completes one of these; the token is kept even when text follows inside it. */
  readonly stopStrings?: readonly string[];
  /** Called with each token as it is sampled, for showing text while it is written. */
  readonly onToken?: (tokenId: number, logProb: number) => void;
  /** What this call gave before it was interrupted, in another sampler perhaps: it goes on from there. */
  readonly begun?: BegunDecode;
  readonly signal?: AbortSignal;
}

/** What one decode gave. */
export interface DecodeResult {
  readonly tokenIds: number[];
  readonly logProbs: number[];
  /** `full`: the sequence reached the longest length that the sampler holds. */
  readonly finish: "stop" | "length" | "full" | "aborted";
  /** The stop string that was completed. */
  readonly stopString?: string;
}

/** Fixed for the life of a sampler. */
export interface SamplerOptions {
  /** Sequences that may be open at once. */
  readonly maxSequences: number;
  /** Longest sequence, in tokens. */
  readonly maxLength: number;
  /** Ids from here on exist in the embedding matrix only and are never sampled. */
  readonly vocabSize: number;
  /** Ids below `vocabSize` that are never sampled: reserved ones, and those without a token. Rising. */
  readonly unusedTokenIds?: readonly number[];
  /** False computes a sequence again from its beginning whenever it is extended, as without a cache between calls. Default: true. */
  readonly reuseCache?: boolean;
  /** Most prompt and tool tokens in one forward pass, so that long ones need no more memory; what a sequence gets does not depend on it. Default: 8,192. */
  readonly maxPrefillTokens?: number;
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

import type { SamplerOptions } from "@retool-ts/engine";

/** Fixed for the life of a sampler in this process. */
export interface LocalSamplerOptions extends SamplerOptions {
  /** Most prompt and tool tokens in one forward pass, so that long ones need no more memory; what a sequence gets does not depend on it. Default: 8,192. */
  readonly maxPrefillTokens?: number;
}

/** Counters since the sampler was made. */
export interface SamplerStats {
  readonly sampledTokens: number;
  /** Prompt and tool tokens that were computed; prompts shared by a fork are counted once. */
  readonly prefilledTokens: number;
  readonly forwardPasses: number;
  readonly cacheBytes: number;
}

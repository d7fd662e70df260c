/** One turn, or a part of it. */
export interface TokenRequest {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 0 keeps all. */
  readonly minP: number;
  readonly seed: number;
  /** Ids that end the answer; the one that did is its last. */
  readonly stops: readonly number[];
  /** Ids that must not be sampled. A server that cannot be told samples them, and they are thrown away here. */
  readonly forbidden: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** Sampled tokens, with log-probabilities under the whole vocabulary at temperature 1. */
export interface TokenAnswer {
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
  readonly finish: "stop" | "length";
}

/** Weights that a server has taken from a folder. */
export interface LoadedWeights {
  /** The same for all versions of one policy. */
  readonly name: string;
  readonly folder: string;
  /** Differs after every update. */
  readonly version: string;
}

/** A server that samples from weights that it is given in folders. */
export interface SamplingServer {
  /** Such as `vLLM at http://127.0.0.1:8000`. */
  readonly title: string;
  /** True where loaded weights take the place of all others, so that one policy alone can sample. */
  readonly holdsOne: boolean;
  /** Takes weights from a folder that the server sees as well. Those of the same name are gone then. */
  load(weights: LoadedWeights): Promise<void>;
  sample(weights: LoadedWeights, request: TokenRequest): Promise<TokenAnswer>;
  /** Lets go of weights. */
  unload(name: string): Promise<void>;
}

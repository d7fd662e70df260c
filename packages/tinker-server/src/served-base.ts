import type { TokenLoss } from "@retool-ts/algorithms";
import type { Engine, EngineModel, OptimStepOptions, OptimStepResult, SamplingEngine, TextStream } from "@retool-ts/engine";

/** Constants of one AdamW update; a client sends them with each step. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of the gradient; Infinity: no clipping. */
  readonly maxGradNorm: number;
}

/** An engine whose steps take the optimizer's constants with them, and whose losses are functions of tensors. `LocalEngine` is one. */
export interface TrainableEngine extends Engine<TokenLoss> {
  optimStep(options: OptimStepOptions & { readonly optimizer?: AdamConstants }): Promise<OptimStepResult>;
  /** Forgets gradients that were not applied. */
  clearGradients(): void;
}

/** An adapter that a client asks for. */
export interface AdapterRequest {
  readonly rank: number;
  /** Draws its first values. */
  readonly seed: number;
  readonly trainAttention: boolean;
  readonly trainMlp: boolean;
}

/** Weights that one client trains: an adapter over the base. */
export interface TrainedModel {
  readonly engine: TrainableEngine;
  /** Numerator of the adapter's scale alpha/rank. */
  readonly alpha: number;
  dispose(): void;
}

/** The likeliest tokens of one place and their log-probabilities, likeliest first. */
export type TopTokens = readonly (readonly [tokenId: number, logProb: number])[];

/** Frozen weights that sample. */
export interface SamplingWeights extends SamplingEngine {
  /** The likeliest tokens at each place of a sequence behind its first. Absent: the engine cannot tell. */
  topTokens?(tokenIds: readonly number[], k: number): Promise<readonly TopTokens[]>;
  dispose(): void;
}

/** A base model that is served. Adapters of all clients share its weights where it can share them. */
export interface ServedBase {
  /** The name that clients ask for. */
  readonly name: string;
  readonly model: EngineModel;
  /** Name of the architecture, for `get_info`. */
  readonly architecture?: string;
  /** Where clients find the tokenizer: a hub's name or a folder. Default: the name. */
  readonly tokenizerId?: string;
  /** Ids that the tokenizer knows; only these are taken and sampled. Default: all of the embedding. */
  readonly vocabSize?: number;
  /** Ids below `vocabSize` that are never sampled. */
  readonly unusedTokenIds?: readonly number[];
  /** Ids that end a sequence where a client names no stops. */
  readonly eosTokenIds?: readonly number[];
  /** Makes the text in which stop strings are looked for. Absent: stop strings are refused. */
  readonly textStream?: () => TextStream;
  /** Most tokens that one pass may hold; longer batches go in parts, between which other clients have their turn. Default: 4,096. */
  readonly maxTokensPerPass?: number;
  /** Largest rank that may be asked for. Default: 256. */
  readonly maxRank?: number;
  /** A fresh adapter. */
  createModel(adapter: AdapterRequest): Promise<TrainedModel>;
  /** Weights to sample from: the base alone, or what a snapshot of one of its models wrote into a folder. */
  openWeights(folder?: string): Promise<SamplingWeights>;
}

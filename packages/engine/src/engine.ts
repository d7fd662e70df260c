import type { LossSpec, ValueLossSpec } from "./loss.js";
import type { Sampler, SamplerOptions } from "./sampler.js";
import type { TrainingRow } from "./training-row.js";

/** Facts about a model that sampling and training need. */
export interface EngineModel {
  /** Rows of the embedding: ids are below it. */
  readonly vocabSize: number;
  /** Longest sequence, in tokens. */
  readonly maxPositions: number;
  /** Keys and values of one token, in bytes; 0 where another machine holds them. */
  readonly cacheBytesPerToken: number;
  readonly parameters: number;
}

/** Options of scoring given tokens. */
export interface ScoringOptions {
  /** Divides the logits, as the sampler did; default 1. */
  readonly temperature?: number;
}

/** Scores tokens: the frozen reference of a KL penalty needs nothing else. */
export interface Scorer {
  /**
   * Log-probabilities of the rows' tokens, without gradients and dropout.
   *
   * @returns one array a row, of the row's length: 0 where the mask is 0
   */
  logProbs(rows: readonly TrainingRow[], options?: ScoringOptions): Promise<Float32Array[]>;
}

/** A sampler that an engine made; whoever asked for it frees it. */
export interface EngineSampler extends Sampler {
  dispose(): void;
}

/** Weights by a name that the server which samples from them understands, whoever asks it. */
export type SharedWeights = Readonly<Record<string, string>>;

/** Weights that sample and score. */
export interface SamplingEngine extends Scorer {
  readonly model: EngineModel;
  /** A sampler of these weights. One that was made before an update may go on with either weights; ask for a new one after it. */
  sampler(options: SamplerOptions): Promise<EngineSampler>;
  /** Names the weights: differs after every update, equal for equal bits. */
  weightsDigest(): Promise<string>;
  /** Names the weights as they are now, so that other processes sample from them too. Absent: this process alone has them. */
  share?(): Promise<SharedWeights>;
}

/** Weights as they were: a reference, or a policy that is behind the one that learns. */
export interface Snapshot extends SamplingEngine {
  /** Takes the engine's newest weights. */
  refresh(): Promise<void>;
  /** Writes the weights, so that {@link Engine.loadSnapshot} gives them back to the bit. */
  save(folder: string): Promise<void>;
  dispose(): void;
}

/** Sums over the targets of one pass. */
export interface ForwardBackwardResult {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly targets: number;
}

/** One pass over rows. */
export interface ForwardBackwardOptions extends ScoringOptions {
  readonly signal?: AbortSignal;
}

/** One update. */
export interface OptimStepOptions {
  readonly learningRate: number;
}

/** Result of an optimizer step. */
export interface OptimStepResult {
  /** Norm of the gradient before clipping. */
  readonly gradNorm: number;
}

/** A model that learns to predict the return of each token: PPO's critic. */
export interface CriticEngine {
  /** Its values, one array a row: 0 where the mask is 0. */
  values(rows: readonly TrainingRow[]): Promise<Float32Array[]>;
  forwardBackward(rows: readonly TrainingRow[], loss: ValueLossSpec): Promise<Omit<ForwardBackwardResult, "targets">>;
  optimStep(options: OptimStepOptions): Promise<OptimStepResult>;
  saveState(folder: string): Promise<void>;
  dispose(): void;
}

/** Parts of a state to read back. */
export interface LoadStateOptions {
  /** False: the weights are those of the folder already, and only the optimizer is read. Default: true. */
  readonly weights?: boolean;
}

/**
 * A policy that samples and learns: the only door between a training loop and whatever computes, in this process or on other machines.
 *
 * A loss is data, `{ name: "ppo-clip", … }`, so that it can be sent anywhere. An engine that runs functions names their type in `Closure`.
 * Losses are normalised over the whole optimizer step; gradients of several passes add up until {@link Engine.optimStep}.
 */
export interface Engine<Closure = never> extends SamplingEngine {
  /**
   * Adds the gradients of a loss over the rows to those that wait for {@link optimStep}.
   *
   * @throws RetoolError when a row is longer than the model's positions, has ids that it does not know, or the engine lacks the loss.
   */
  forwardBackward(rows: readonly TrainingRow[], loss: LossSpec | Closure, options?: ForwardBackwardOptions): Promise<ForwardBackwardResult>;
  /** What {@link forwardBackward} says of a loss over the rows, without dropout and without any gradient. */
  measure(rows: readonly TrainingRow[], loss: LossSpec | Closure, options?: ForwardBackwardOptions): Promise<ForwardBackwardResult>;
  /** Clips and applies the gradients gathered since the last call, and forgets them. */
  optimStep(options: OptimStepOptions): Promise<OptimStepResult>;
  /** Forgets moments and counts of updates, as a new stage wants. */
  resetOptimizer(): Promise<void>;
  /** Writes weights and optimizer into a folder. */
  saveState(folder: string): Promise<void>;
  /** Goes on from what {@link saveState} wrote, to the bit. */
  loadState(folder: string, options?: LoadStateOptions): Promise<void>;
  /** The weights as they are now, frozen. */
  snapshot(): Promise<Snapshot>;
  /** Reads the weights that {@link Snapshot.save} wrote. */
  loadSnapshot(folder: string): Promise<Snapshot>;
  /** A critic that starts from the policy, or from what {@link CriticEngine.saveState} wrote. Absent: the engine trains none. */
  critic?(from?: string): Promise<CriticEngine>;
}

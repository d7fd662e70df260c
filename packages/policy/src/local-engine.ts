import { tokenLoss, type TokenLoss } from "@retool-ts/algorithms";
import { RetoolError } from "@retool-ts/core";
import type { Engine, EngineModel, ForwardBackwardOptions, ForwardBackwardResult, LoadStateOptions, LossSpec, OptimStepOptions, ScoringOptions, TrainingRow } from "@retool-ts/engine"; // prettier-ignore
import * as tf from "@tensorflow/tfjs-core";
import { AdamW, type AdamWOptions, type UpdateResult } from "./adamw.js";
import { Critic } from "./critic.js";
import { branchPolicy, engineModel, weightsDigest, type EngineFiles } from "./engine-parts.js";
import { FrozenPolicy } from "./frozen-policy.js";
import { GradientAccumulator, lossNumbers } from "./gradient-accumulator.js";
import { checkTrainingRoom } from "./memory-limit.js";
import { sumMicroBatches, type MicroBatchOptions } from "./micro-batch-sum.js";
import type { Parameters } from "./parameters.js";
import { checkRows, rowValues, scoreTargets } from "./row-values.js";
import type { LocalSamplerOptions } from "./sampler/decode-request.js";
import { LocalSampler } from "./sampler/sampler.js";
import type { SamplingFormat } from "./sampler/sampling-weights.js";
import type { PackedBatch } from "./training-batch.js";
import { Transformer } from "./transformer.js";

/** One pass over rows. */
export interface LocalForwardBackwardOptions extends ForwardBackwardOptions, MicroBatchOptions {}

/** One update. */
export interface LocalOptimStepOptions extends OptimStepOptions {
  /** Constants of this update, instead of the engine's own: a server takes them with each request. */
  readonly optimizer?: Partial<AdamWOptions>;
}

/** Fixed for the life of an engine. */
export interface LocalEngineOptions {
  readonly optimizer: AdamWOptions;
  /** Most tokens in one forward and backward pass; more are split into micro-batches and their gradients added. */
  readonly maxTokensPerMicroBatch: number;
  /** Compute each layer a second time in the backward pass instead of keeping what it made: less memory, about a third more time. */
  readonly gradientCheckpointing?: boolean;
  /** Reads and writes states; without it, they cannot be kept. */
  readonly files?: EngineFiles;
  /** Format of the weights that samplers multiply with, those of snapshots too; training is in floats. Default: float32. */
  readonly samplerWeights?: SamplingFormat;
}

/** Options of {@link LocalEngine.logProbs}. */
export interface LocalScoringOptions extends ScoringOptions {
  /** False: without the adapter, as the frozen reference of the policy. Default: true. */
  readonly adapter?: boolean;
}

/** Samples and trains one model in this process. Borrows the parameters; owns optimizer, gradients and samplers' model. */
export class LocalEngine implements Engine<TokenLoss> {
  readonly parameters: Parameters;
  readonly model: EngineModel;
  readonly optimizer: AdamW;
  readonly #options: LocalEngineOptions;
  readonly transformer: Transformer;
  readonly #gradients: GradientAccumulator;
  /** The model without its adapter. */
  #base: Transformer | undefined;
  /** Rows since the last update. */
  #rows = 0;

  constructor(parameters: Parameters, options: LocalEngineOptions) {
    this.parameters = parameters;
    this.model = engineModel(parameters);
    this.transformer = new Transformer(parameters, { sampling: options.samplerWeights ?? "float32" });
    this.optimizer = new AdamW(parameters, options.optimizer);
    this.#gradients = new GradientAccumulator(parameters);
    this.#options = options;
  }

  /** A sampler that reads this engine's weights; each forward pass uses the newest. The caller disposes of it. */
  async sampler(options: LocalSamplerOptions): Promise<LocalSampler> {
    return new LocalSampler(this.transformer, options);
  }

  /**
   * Adds the gradients of a loss over the rows to those that wait for {@link optimStep}.
   *
   * @throws RetoolError when a row is longer than the model's positions or has ids that it does not know.
   * @throws InputError when the backend cannot hold what training needs.
   */
  async forwardBackward(
    rows: readonly TrainingRow[],
    loss: LossSpec | TokenLoss,
    { temperature = 1, ...options }: LocalForwardBackwardOptions = {},
  ): Promise<ForwardBackwardResult> {
    this.transformer.releaseSamplingWeights();
    checkTrainingRoom(this.parameters);
    checkRows(rows, this.parameters.config);
    const { maxTokensPerMicroBatch, gradientCheckpointing = false } = this.#options;
    const [update, before] = [this.optimizer.updates, this.#rows];
    const lossOf = typeof loss === "function" ? loss : tokenLoss(loss);
    this.#rows += rows.length;
    const run = (batch: PackedBatch, firstRow: number) => {
      const training = { gradientCheckpointing, dropout: { update, firstRow: before + firstRow } };
      const { fields, rowOfTarget } = batch;
      return this.#gradients.add(() => lossOf({ ...scoreTargets(this.transformer, batch, temperature, training), fields, rowOfTarget }));
    };
    return sumMicroBatches(rows, maxTokensPerMicroBatch, run, options);
  }

  /** What {@link forwardBackward} says of a loss over the rows, without dropout and without any gradient. */
  async measure(
    rows: readonly TrainingRow[],
    loss: LossSpec | TokenLoss,
    { temperature = 1, ...options }: LocalForwardBackwardOptions = {},
  ): Promise<ForwardBackwardResult> {
    checkRows(rows, this.parameters.config);
    const lossOf = typeof loss === "function" ? loss : tokenLoss(loss);
    const run = (batch: PackedBatch) => {
      const { fields, rowOfTarget } = batch;
      const scored = () => lossOf({ ...scoreTargets(this.transformer, batch, temperature), fields, rowOfTarget });
      return lossNumbers(tf.tidy(() => ({ metrics: {}, ...scored() })));
    };
    return sumMicroBatches(rows, this.#options.maxTokensPerMicroBatch, run, options);
  }

  /** Clips and applies the gradients gathered since the last call, and forgets them. */
  async optimStep({ learningRate, optimizer }: LocalOptimStepOptions): Promise<UpdateResult> {
    try {
      return await this.optimizer.update(this.#gradients.gradients, learningRate, optimizer);
    } finally {
      this.clearGradients();
    }
  }

  /** Forgets gradients that were not applied. */
  clearGradients(): void {
    this.#gradients.clear();
    this.#rows = 0;
  }

  /**
   * Log-probabilities of the rows' tokens under the current weights, without gradients and dropout.
   *
   * @returns one array a row, of the row's length: 0 where the mask is 0
   */
  async logProbs(rows: readonly TrainingRow[], { temperature = 1, adapter = true }: LocalScoringOptions = {}): Promise<Float32Array[]> {
    checkRows(rows, this.parameters.config);
    if (!adapter) this.#base ??= new Transformer(this.parameters, { adapter });
    const model = adapter ? this.transformer : this.#base!;
    return rowValues(rows, this.#options.maxTokensPerMicroBatch, (batch) => scoreTargets(model, batch, temperature).logProbs);
  }

  weightsDigest(): Promise<string> {
    return weightsDigest(this.parameters);
  }

  async resetOptimizer(): Promise<void> {
    this.clearGradients();
    this.optimizer.reset();
  }

  async saveState(folder: string): Promise<void> {
    const files = this.#files("saveState");
    await files.saveWeights(folder, this.parameters);
    await files.saveOptimizer(folder, this.optimizer);
  }

  async loadState(folder: string, { weights = true }: LoadStateOptions = {}): Promise<void> {
    const files = this.#files("loadState");
    this.clearGradients();
    if (weights) {
      const loaded = await files.loadWeights(folder, this.parameters);
      try {
        await this.parameters.copyFrom(loaded);
      } finally {
        loaded.dispose();
      }
    }
    await files.loadOptimizer(folder, this.optimizer);
  }

  async snapshot(): Promise<FrozenPolicy> {
    return this.#frozen(await branchPolicy(this.parameters));
  }

  async loadSnapshot(folder: string): Promise<FrozenPolicy> {
    return this.#frozen(await this.#files("loadSnapshot").loadWeights(folder, this.parameters));
  }

  async critic(from?: string): Promise<Critic> {
    const { optimizer, maxTokensPerMicroBatch, gradientCheckpointing, files } = this.#options;
    const options = {
      optimizer,
      maxTokensPerMicroBatch,
      ...(gradientCheckpointing && { gradientCheckpointing }),
      ...(files && { save: files.saveCritic }),
    };
    if (from === undefined) return Critic.fromPolicy(this.parameters, options);
    return this.#files("critic").loadCritic(from, options, this.parameters);
  }

  /** Frees optimizer, gradients and model; the parameters are borrowed. */
  dispose(): void {
    this.clearGradients();
    this.optimizer.dispose();
    this.transformer.dispose();
    this.#base?.dispose();
  }

  #files(what: string): EngineFiles {
    const { files } = this.#options;
    if (files === undefined) throw new RetoolError("ENGINE_FILES", `${what}: this engine was made without files; pass the option files`);
    return files;
  }

  #frozen(parameters: Parameters): FrozenPolicy {
    const { maxTokensPerMicroBatch, files, samplerWeights } = this.#options;
    return new FrozenPolicy(parameters, {
      maxTokensPerMicroBatch,
      ...(samplerWeights && { samplerWeights }),
      source: this.parameters,
      ...(files && { saveWeights: files.saveWeights }),
    });
  }
}

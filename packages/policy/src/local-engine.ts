import type * as tf from "@tensorflow/tfjs-core";
import { AdamW, type AdamWOptions, type UpdateResult } from "./adamw.js";
import { GradientAccumulator, type LossResult } from "./gradient-accumulator.js";
import { checkTrainingRoom } from "./memory-limit.js";
import { sumMicroBatches, type ForwardBackwardResult, type MicroBatchOptions } from "./micro-batch-sum.js";
import type { Parameters } from "./parameters.js";
import type { SamplerOptions } from "./sampler/decode-request.js";
import { LocalSampler } from "./sampler/sampler.js";
import { checkRows, rowValues, scoreTargets } from "./row-values.js";
import type { PackedBatch, TrainingRow } from "./training-batch.js";
import { Transformer } from "./transformer.js";

/** What a loss function sees: one number for each token that the policy chose, `[targets]` each. */
export interface LossInputs {
  /** log π(token | context) under the current weights; gradients flow through it. */
  readonly logProbs: tf.Tensor1D;
  /** Entropy of the distribution each token was drawn from, in nats; gradients flow through it. */
  readonly entropies: tf.Tensor1D;
  /** The rows' own fields. */
  readonly fields: Readonly<Record<string, tf.Tensor1D>>;
  /** int32: which row of the micro-batch each token is in. */
  readonly rowOfTarget: tf.Tensor1D;
}

/**
 * A loss over one micro-batch. It must be normalised over the whole optimizer step (divide by the step's token count, not by the
 * micro-batch's): losses and metrics of micro-batches are added.
 */
export type TokenLoss = (inputs: LossInputs) => LossResult;

/** One pass over rows. */
export interface ForwardBackwardOptions extends MicroBatchOptions {
  readonly loss: TokenLoss;
  /** Divides the logits, as the sampler did. */
  readonly temperature?: number;
}

/** Fixed for the life of an engine. */
export interface LocalEngineOptions {
  readonly optimizer: AdamWOptions;
  /** Most tokens in one forward and backward pass; more are split into micro-batches and their gradients added. */
  readonly maxTokensPerMicroBatch: number;
  /** Compute each layer a second time in the backward pass instead of keeping what it made: less memory, about a third more time. */
  readonly gradientCheckpointing?: boolean;
}

/** How {@link LocalEngine.logProbs} scores. */
export interface ScoringOptions {
  /** Divides the logits; default 1. */
  readonly temperature?: number;
  /** False: without the adapter, as the frozen reference of the policy. Default: true. */
  readonly adapter?: boolean;
}

/** Samples and trains one model in this process. Borrows the parameters; owns optimizer, gradients and samplers' model. */
export class LocalEngine {
  readonly parameters: Parameters;
  readonly model: Transformer;
  readonly optimizer: AdamW;
  readonly #options: LocalEngineOptions;
  readonly #gradients: GradientAccumulator;
  /** The model without its adapter. */
  #base: Transformer | undefined;
  /** Rows since the last update. */
  #rows = 0;

  constructor(parameters: Parameters, options: LocalEngineOptions) {
    this.parameters = parameters;
    this.model = new Transformer(parameters);
    this.optimizer = new AdamW(parameters, options.optimizer);
    this.#gradients = new GradientAccumulator(parameters);
    this.#options = options;
  }

  /** A sampler that reads this engine's weights; each forward pass uses the newest. The caller disposes of it. */
  createSampler(options: SamplerOptions): LocalSampler {
    return new LocalSampler(this.model, options);
  }

  /**
   * Adds the gradients of a loss over the rows to those that wait for {@link optimStep}.
   *
   * @throws RetoolError when a row is longer than the model's positions or has ids that it does not know.
   * @throws InputError when the backend cannot hold what training needs.
   */
  async forwardBackward(
    rows: readonly TrainingRow[],
    { loss, temperature = 1, ...options }: ForwardBackwardOptions,
  ): Promise<ForwardBackwardResult> {
    checkTrainingRoom(this.parameters);
    checkRows(rows, this.parameters.config);
    const { maxTokensPerMicroBatch, gradientCheckpointing = false } = this.#options;
    const [update, before] = [this.optimizer.updates, this.#rows];
    this.#rows += rows.length;
    const run = (batch: PackedBatch, firstRow: number) => {
      const training = { gradientCheckpointing, dropout: { update, firstRow: before + firstRow } };
      const { fields, rowOfTarget } = batch;
      return this.#gradients.add(() => loss({ ...scoreTargets(this.model, batch, temperature, training), fields, rowOfTarget }));
    };
    return sumMicroBatches(rows, maxTokensPerMicroBatch, run, options);
  }

  /** Clips and applies the gradients gathered since the last call, and forgets them. */
  async optimStep({ learningRate }: { readonly learningRate: number }): Promise<UpdateResult> {
    try {
      return await this.optimizer.update(this.#gradients.gradients, learningRate);
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
  async logProbs(rows: readonly TrainingRow[], { temperature = 1, adapter = true }: ScoringOptions = {}): Promise<Float32Array[]> {
    checkRows(rows, this.parameters.config);
    if (!adapter) this.#base ??= new Transformer(this.parameters, { adapter });
    const model = adapter ? this.model : this.#base!;
    return rowValues(rows, this.#options.maxTokensPerMicroBatch, (batch) => scoreTargets(model, batch, temperature).logProbs);
  }

  /** Frees optimizer, gradients and model; the parameters are borrowed. */
  dispose(): void {
    this.clearGradients();
    this.optimizer.dispose();
    this.model.dispose();
    this.#base?.dispose();
  }
}

import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { AdamW, type AdamWOptions, type UpdateResult } from "./adamw.js";
import { fusedKernels } from "./kernels/wasm-kernels.js";
import { gatherRows } from "./ops/embedding.js";
import type { Parameters } from "./parameters.js";
import type { SamplerOptions } from "./decode-request.js";
import { LocalSampler } from "./sampler.js";
import { disposeBatch, microBatches, packTrainingRows, type PackedBatch, type TrainingRow } from "./training-batch.js";
import { Transformer, type TrainingPass } from "./transformer.js";

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
export type TokenLoss = (inputs: LossInputs) => { readonly loss: tf.Scalar; readonly metrics?: Readonly<Record<string, tf.Scalar>> };

/** One pass over rows. */
export interface ForwardBackwardOptions {
  readonly loss: TokenLoss;
  /** Divides the logits, as the sampler did. */
  readonly temperature?: number;
  /** Called after each micro-batch. */
  readonly onMicroBatch?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Sum of the losses and metrics of all micro-batches. */
export interface ForwardBackwardResult {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Tokens that entered the loss. */
  readonly targets: number;
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
  #gradients = new Map<string, tf.Tensor>();
  /** The model without its adapter. */
  #base: Transformer | undefined;
  /** Rows since the last update. */
  #rows = 0;

  constructor(parameters: Parameters, options: LocalEngineOptions) {
    this.parameters = parameters;
    this.model = new Transformer(parameters);
    this.optimizer = new AdamW(parameters, options.optimizer);
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
   */
  async forwardBackward(rows: readonly TrainingRow[], options: ForwardBackwardOptions): Promise<ForwardBackwardResult> {
    this.#check(rows);
    const parts = microBatches(rows, this.#options.maxTokensPerMicroBatch);
    const metrics: Record<string, number> = {};
    let loss = 0;
    let targets = 0;
    for (const [i, part] of parts.entries()) {
      options.signal?.throwIfAborted();
      const result = await this.#microBatch(part, options);
      loss += result.loss;
      targets += result.targets;
      for (const [name, value] of Object.entries(result.metrics)) metrics[name] = (metrics[name] ?? 0) + value;
      options.onMicroBatch?.(i + 1, parts.length);
    }
    return { loss, metrics, targets };
  }

  /** Clips and applies the gradients gathered since the last call, and forgets them. */
  async optimStep({ learningRate }: { readonly learningRate: number }): Promise<UpdateResult> {
    try {
      return await this.optimizer.update(this.#gradients, learningRate);
    } finally {
      this.clearGradients();
    }
  }

  /** Forgets gradients that were not applied. */
  clearGradients(): void {
    tf.dispose([...this.#gradients.values()]);
    this.#gradients = new Map();
    this.#rows = 0;
  }

  /**
   * Log-probabilities of the rows' tokens under the current weights, without gradients and dropout.
   *
   * @returns one array a row, of the row's length: 0 where the mask is 0
   */
  async logProbs(rows: readonly TrainingRow[], { temperature = 1, adapter = true }: ScoringOptions = {}): Promise<Float32Array[]> {
    this.#check(rows);
    if (!adapter) this.#base ??= new Transformer(this.parameters, { adapter });
    const model = adapter ? this.model : this.#base!;
    const results: Float32Array[] = [];
    for (const part of microBatches(rows, this.#options.maxTokensPerMicroBatch)) {
      const batch = packTrainingRows(part);
      const tensor = tf.tidy(() => this.#score(model, batch, temperature).logProbs);
      const values = await tensor.data();
      tensor.dispose();
      const arrays = part.map(({ tokenIds }) => new Float32Array(tokenIds.length));
      batch.places.forEach(({ row, token }, i) => (arrays[row]![token] = values[i]!));
      results.push(...arrays);
      disposeBatch(batch);
    }
    return results;
  }

  /** Frees optimizer, gradients and model; the parameters are borrowed. */
  dispose(): void {
    this.clearGradients();
    this.optimizer.dispose();
    this.model.dispose();
    this.#base?.dispose();
  }

  /** The kernels trust what they are given, so it is looked at here. */
  #check(rows: readonly TrainingRow[]): void {
    const { vocabSize, maxPositions } = this.parameters.config;
    rows.forEach(({ tokenIds }, row) => {
      if (tokenIds.length > maxPositions) {
        throw new RetoolError("ROW_TOO_LONG", `rows[${row}]: expected at most ${maxPositions} tokens, got ${tokenIds.length}`);
      }
      for (let i = 0; i < tokenIds.length; i++) {
        const id = tokenIds[i]!;
        if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
        throw new RetoolError("TOKEN_OUT_OF_RANGE", `rows[${row}].tokenIds[${i}]: expected an id from 0 to ${vocabSize - 1}, got ${id}`);
      }
    });
  }

  #score(model: Transformer, batch: PackedBatch, temperature: number, training?: TrainingPass) {
    const hidden = model.forward(batch.tokenIds, batch.layout, training);
    return model.logProbs(gatherRows(hidden, batch.sources), batch.targets, { temperature }); // only what the loss needs
  }

  async #microBatch(rows: readonly TrainingRow[], { loss, temperature = 1 }: ForwardBackwardOptions): Promise<ForwardBackwardResult> {
    const batch = packTrainingRows(rows);
    const targets = batch.places.length;
    const training = {
      gradientCheckpointing: this.#options.gradientCheckpointing ?? false,
      dropout: { update: this.optimizer.updates, firstRow: this.#rows },
    };
    this.#rows += rows.length;
    if (targets === 0) {
      disposeBatch(batch);
      return { loss: 0, metrics: {}, targets };
    }
    let metrics: Readonly<Record<string, tf.Scalar>> = {};
    const specs = this.parameters.trainableSpecs;
    const variables = specs.map(({ name }) => this.parameters.get(name));
    const { value, grads } = tf.variableGrads(() => {
      const result = loss({
        ...this.#score(this.model, batch, temperature, training),
        fields: batch.fields,
        rowOfTarget: batch.rowOfTarget,
      });
      metrics = Object.fromEntries(Object.entries(result.metrics ?? {}).map(([name, metric]) => [name, tf.keep(tf.clone(metric))]));
      return result.loss;
    }, variables);
    disposeBatch(batch);
    specs.forEach(({ name }, i) => this.#accumulate(name, grads[variables[i]!.name]));
    const read = async (scalar: tf.Scalar) => {
      const [number] = await scalar.data();
      scalar.dispose();
      return number!;
    };
    const numbers: Record<string, number> = {};
    for (const [name, metric] of Object.entries(metrics)) numbers[name] = await read(metric);
    return { loss: await read(value), metrics: numbers, targets };
  }

  /** Adds a gradient, which is consumed. */
  #accumulate(name: string, gradient: tf.Tensor | undefined): void {
    if (gradient === undefined) return;
    const total = this.#gradients.get(name);
    if (total === undefined) {
      this.#gradients.set(name, gradient);
      return;
    }
    const fused = fusedKernels();
    if (fused !== undefined) {
      fused.kernels.accumulate(fused.pointer(total), fused.pointer(gradient), gradient.size);
      gradient.dispose();
      return;
    }
    this.#gradients.set(name, tf.add(total, gradient));
    tf.dispose([total, gradient]);
  }
}

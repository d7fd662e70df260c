import { streamKey } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkModelConfig, headShape, type ModelConfig } from "./config.js";
import type { KVCache } from "./kv-cache/kv-cache-types.js";
import { loraPlace, loraScale, type LoraModule, type LoraOptions, type LoraPlace } from "./lora/lora-options.js";
import { adaptedLinear } from "./ops/adapted-linear.js";
import { attention } from "./ops/attention.js";
import { addBias } from "./ops/bias.js";
import { gatherRows } from "./ops/embedding.js";
import { headLogProbs } from "./ops/head-log-probs.js";
import { linear, linearTransposed } from "./ops/linear.js";
import type { PackedLayout } from "./ops/packed.js";
import { recompute } from "./ops/recompute.js";
import { rmsNorm } from "./ops/rms-norm.js";
import { PositionTables } from "./ops/position-tables.js";
import { rotary } from "./ops/rotary.js";
import { swiglu } from "./ops/swiglu.js";
import type { TokenLogProbs } from "./ops/token-log-probs.js";
import type { Parameters } from "./parameters.js";
import { SamplingWeights, type SamplingFormat } from "./sampler/sampling-weights.js";

/** Attention of one layer: over the packed rows alone, or over a cache that it extends. */
type Attend = (layer: number, qkv: tf.Tensor2D) => tf.Tensor2D;

/** Options of a model's reading of its parameters. */
export interface TransformerOptions {
  /** False: as if the parameters had no adapter, the reference of a policy that trains one. Default: true. */
  readonly adapter?: boolean;
  /** Format of the weights in passes over a cache and in the sampling logits after them; gradients and scores are of the floats. Default: float32. */
  readonly sampling?: SamplingFormat;
}

/** Additions of a training pass to one of scoring. */
export interface TrainingPass {
  /** Keep only what enters each layer, and compute the layer a second time in the backward pass. */
  readonly gradientCheckpointing?: boolean;
  /** Names the dropout of adapters: updates so far, and the first row's number within the step. Absent: no dropout. */
  readonly dropout?: { readonly update: number; readonly firstRow: number };
}

/** One forward pass. */
interface Pass {
  readonly layout: PackedLayout;
  readonly attend: Attend;
  readonly training?: TrainingPass;
  /** In the pass's stead for x·w. */
  readonly weights?: SamplingWeights;
}

/**
 * A decoder-only transformer of the Qwen2/Llama family: RMS norm, rotary embedding, grouped-query attention, SwiGLU.
 *
 * See the Qwen2 technical report (https://arxiv.org/abs/2407.10671), section 2.2. Rows are packed without padding.
 * Borrows its parameters; owns its position tables and the weights' form for sampling.
 */
export class Transformer {
  readonly config: ModelConfig;
  readonly #parameters: Parameters;
  readonly #tables: PositionTables;
  readonly #sampling: SamplingWeights;
  readonly #lora: LoraOptions | undefined;
  /** Places of the adapter's modules. */
  readonly #places: readonly (LoraPlace & { readonly module: LoraModule })[];

  constructor(parameters: Parameters, { adapter = true, sampling = "float32" }: TransformerOptions = {}) {
    checkModelConfig(parameters.config);
    this.config = parameters.config;
    this.#parameters = parameters;
    this.#lora = adapter ? parameters.lora : undefined;
    this.#places = (this.#lora?.modules ?? []).map((module) => ({ module, ...loraPlace(this.config, module) }));
    this.#tables = new PositionTables(this.config);
    this.#sampling = new SamplingWeights(sampling);
  }

  /**
   * Hidden states after the final norm, for whole sequences.
   *
   * @param tokenIds - `[tokens]`, int32, packed as `layout` says
   * @param training - dropout and recomputation; default: neither
   * @returns `[tokens, hiddenSize]`
   */
  forward(tokenIds: tf.Tensor1D, layout: PackedLayout, training: TrainingPass = {}): tf.Tensor2D {
    this.#tables.reach(layout.maxLength);
    return this.#run(tokenIds, { layout, training, attend: (layer, qkv) => attention(qkv, layout, headShape(this.config, layer)) });
  }

  /**
   * Hidden states of new tokens that follow what the cache already holds; the cache takes them in.
   *
   * @param slots - cache slot of each row
   * @param past - tokens each slot already holds; `layout.positions` must continue from there
   * @returns `[tokens, hiddenSize]`
   */
  forwardCached(tokenIds: tf.Tensor1D, layout: PackedLayout, cache: KVCache, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    const { rowOffsets } = layout;
    this.#tables.reach(past.reduce((longest, before, row) => Math.max(longest, before + rowOffsets[row + 1]! - rowOffsets[row]!), 0));
    const attend: Attend = (layer, qkv) => cache.attend(layer, qkv, layout, slots, past);
    return this.#run(tokenIds, { layout, weights: this.#sampling, attend });
  }

  /**
   * The output head.
   *
   * @param hidden - `[tokens, hiddenSize]`
   * @returns logits, `[tokens, vocabSize]`
   */
  logits(hidden: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => linearTransposed(hidden, this.#head));
  }

  /** {@link Transformer.logits} with the weights of sampling, after {@link Transformer.forwardCached}. */
  samplingLogits(hidden: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => this.#sampling.multiply(hidden, this.#head, true));
  }

  /**
   * Log-probabilities of tokens without all logits in memory at once; see `headLogProbs`.
   *
   * @param hidden - `[targets, hiddenSize]`
   * @param targets - `[targets]`, int32
   */
  logProbs(hidden: tf.Tensor2D, targets: tf.Tensor1D, options: { readonly temperature: number }): TokenLogProbs {
    return headLogProbs(hidden, this.#head, targets, options);
  }

  /** Frees what sampling holds of weights that training is about to change; the next pass makes it anew. */
  releaseSamplingWeights(): void {
    this.#sampling.releaseTrained();
  }

  /** Frees the position tables and the weights' form for sampling; the parameters are borrowed. */
  dispose(): void {
    this.#sampling.dispose();
    this.#tables.dispose();
  }

  get #head(): tf.Tensor2D {
    return this.#parameters.matrix(this.config.tiedEmbeddings ? "embed" : "head");
  }

  #run(tokenIds: tf.Tensor1D, pass: Pass): tf.Tensor2D {
    const { config } = this;
    const weights = this.#parameters;
    return tf.tidy(() => {
      let x = gatherRows(weights.matrix("embed"), tokenIds); // [tokens, hiddenSize]
      for (let layer = 0; layer < config.layers; layer++) {
        const run = (input: tf.Tensor2D) => this.#layer(layer, input, pass);
        // What a layer makes on its way is freed when it is done, unless its gradient needs it.
        x = pass.training?.gradientCheckpointing ? recompute(run, x, this.#trainable(layer)) : tf.tidy(() => run(x));
      }
      return rmsNorm(x, weights.vector("finalNorm"), { epsilon: config.rmsNormEpsilon });
    });
  }

  /** The variables of a layer that gradients flow to. */
  #trainable(layer: number): tf.Tensor[] {
    const weights = this.#parameters;
    return weights.trainableSpecs.filter(({ name }) => name.startsWith(`layers.${layer}.`)).map(({ name }) => weights.get(name));
  }

  #layer(layer: number, x: tf.Tensor2D, pass: Pass): tf.Tensor2D {
    const { config } = this;
    const weights = this.#parameters;
    const epsilon = config.rmsNormEpsilon;
    const name = (part: string) => `layers.${layer}.${part}`;
    const project = (input: tf.Tensor2D, parameter: LoraPlace["parameter"]) => this.#project(layer, input, parameter, pass);
    let qkv = project(rmsNorm(x, weights.vector(name("inputNorm")), { epsilon }), "qkv"); // [tokens, width]
    if (config.attentionBias) qkv = addBias(qkv, weights.vector(name("qkvBias")));
    const norm = config.queryKeyNorm ? { query: weights.vector(name("queryNorm")), key: weights.vector(name("keyNorm")) } : undefined;
    const rotated = rotary(qkv, pass.layout.positions, this.#tables.tables, norm, { ...config, epsilon });
    const middle: tf.Tensor2D = tf.add(x, project(pass.attend(layer, rotated), "output"));
    const gateUp = project(rmsNorm(middle, weights.vector(name("postNorm")), { epsilon }), "gateUp"); // [tokens, 2·width]
    return tf.add(middle, project(swiglu(gateUp), "down"));
  }

  /** The product with one weight of a layer and with the adapters on it. */
  #project(layer: number, x: tf.Tensor2D, parameter: LoraPlace["parameter"], { layout, training, weights: sampling }: Pass): tf.Tensor2D {
    const weights = this.#parameters;
    const lora = this.#lora;
    const weight = weights.matrix(`layers.${layer}.${parameter}`);
    const multiply = sampling === undefined ? linear : (left: tf.Tensor2D, right: tf.Tensor2D) => sampling.multiply(left, right);
    if (lora === undefined) return multiply(x, weight);
    const adapters = this.#places
      .filter((place) => place.parameter === parameter)
      .map(({ module, column }) => {
        const name = `layers.${layer}.${module}`;
        const noise = training?.dropout;
        const mask =
          noise === undefined || lora.dropout === 0
            ? undefined
            : { rate: lora.dropout, key: streamKey(lora.seed, ["dropout", noise.update, name]), firstRow: noise.firstRow };
        return { a: weights.matrix(`${name}.loraA`), b: weights.matrix(`${name}.loraB`), column, mask };
      });
    return adaptedLinear(x, weight, adapters, layout, loraScale(lora), multiply);
  }
}

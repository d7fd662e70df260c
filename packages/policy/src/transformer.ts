import * as tf from "@tensorflow/tfjs-core";
import { checkModelConfig, headShape, type ModelConfig } from "./config.js";
import type { KVCache } from "./kv-cache.js";
import { attention } from "./ops/attention.js";
import { gatherRows } from "./ops/embedding.js";
import { headLogProbs } from "./ops/head-log-probs.js";
import { linear, linearTransposed } from "./ops/linear.js";
import type { PackedLayout } from "./ops/packed.js";
import { rmsNorm } from "./ops/rms-norm.js";
import { rotary, rotaryTables, type RotaryTables } from "./ops/rotary.js";
import { swiglu } from "./ops/swiglu.js";
import type { TokenLogProbs } from "./ops/token-log-probs.js";
import type { Parameters } from "./parameters.js";

/** Attention of one layer: over the packed rows alone, or over a cache that it extends. */
type Attend = (layer: number, qkv: tf.Tensor2D) => tf.Tensor2D;

/**
 * A decoder-only transformer of the Qwen2/Llama family: RMS norm, rotary embedding, grouped-query attention, SwiGLU.
 *
 * See the Qwen2 technical report (https://arxiv.org/abs/2407.10671), section 2.2. Rows are packed without padding.
 * Borrows its parameters; owns its position tables.
 */
export class Transformer {
  readonly config: ModelConfig;
  readonly #parameters: Parameters;
  readonly #tables: RotaryTables;

  constructor(parameters: Parameters) {
    checkModelConfig(parameters.config);
    this.config = parameters.config;
    this.#parameters = parameters;
    this.#tables = rotaryTables(this.config.maxPositions, this.config.headDim, this.config.ropeTheta, this.config.ropeScaling);
  }

  /**
   * Hidden states after the final norm, for whole sequences.
   *
   * @param tokenIds - `[tokens]`, int32, packed as `layout` says
   * @returns `[tokens, hiddenSize]`
   */
  forward(tokenIds: tf.Tensor1D, layout: PackedLayout): tf.Tensor2D {
    return this.#run(tokenIds, layout, (layer, qkv) => attention(qkv, layout, headShape(this.config, layer)));
  }

  /**
   * Hidden states of new tokens that follow what the cache already holds; the cache takes them in.
   *
   * @param slots - cache slot of each row
   * @param past - tokens each slot already holds; `layout.positions` must continue from there
   * @returns `[tokens, hiddenSize]`
   */
  forwardCached(tokenIds: tf.Tensor1D, layout: PackedLayout, cache: KVCache, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    return this.#run(tokenIds, layout, (layer, qkv) => cache.attend(layer, qkv, layout, slots, past));
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

  /**
   * Log-probabilities of tokens without all logits in memory at once; see `headLogProbs`.
   *
   * @param hidden - `[targets, hiddenSize]`
   * @param targets - `[targets]`, int32
   */
  logProbs(hidden: tf.Tensor2D, targets: tf.Tensor1D, options: { readonly temperature: number }): TokenLogProbs {
    return headLogProbs(hidden, this.#head, targets, options);
  }

  /** Frees the position tables; the parameters are borrowed. */
  dispose(): void {
    this.#tables.cosines.dispose();
    this.#tables.sines.dispose();
  }

  get #head(): tf.Tensor2D {
    return this.#parameters.matrix(this.config.tiedEmbeddings ? "embed" : "head");
  }

  #run(tokenIds: tf.Tensor1D, layout: PackedLayout, attend: Attend): tf.Tensor2D {
    const { config } = this;
    const weights = this.#parameters;
    return tf.tidy(() => {
      let x = gatherRows(weights.matrix("embed"), tokenIds); // [tokens, hiddenSize]
      // What a layer makes on its way is freed when it is done, unless its gradient needs it.
      for (let layer = 0; layer < config.layers; layer++) x = tf.tidy(() => this.#layer(layer, x, layout, attend));
      return rmsNorm(x, weights.vector("finalNorm"), { epsilon: config.rmsNormEpsilon });
    });
  }

  #layer(layer: number, x: tf.Tensor2D, layout: PackedLayout, attend: Attend): tf.Tensor2D {
    const { config } = this;
    const weights = this.#parameters;
    const epsilon = config.rmsNormEpsilon;
    const name = (part: string) => `layers.${layer}.${part}`;
    let qkv = linear(rmsNorm(x, weights.vector(name("inputNorm")), { epsilon }), weights.matrix(name("qkv"))); // [tokens, width]
    if (config.attentionBias) qkv = tf.add(qkv, weights.vector(name("qkvBias")));
    const norm = config.queryKeyNorm ? { query: weights.vector(name("queryNorm")), key: weights.vector(name("keyNorm")) } : undefined;
    const mixed = attend(layer, rotary(qkv, layout.positions, this.#tables, norm, { ...config, epsilon })); // [tokens, heads·headDim]
    const middle: tf.Tensor2D = tf.add(x, linear(mixed, weights.matrix(name("output"))));
    const gateUp = linear(rmsNorm(middle, weights.vector(name("postNorm")), { epsilon }), weights.matrix(name("gateUp"))); // [tokens, 2·width]
    return tf.add(middle, linear(swiglu(gateUp), weights.matrix(name("down"))));
  }
}

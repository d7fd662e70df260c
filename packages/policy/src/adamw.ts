import * as tf from "@tensorflow/tfjs-core";
import { fusedKernels, wrap } from "./kernels/kernel-context.js";
import type { TrainableParameters } from "./parameter-specs.js";

/** Constants of {@link AdamW}; the learning rate comes with each update. */
export interface AdamWOptions {
  /** Decay of the mean of gradients. */
  readonly beta1: number;
  /** Decay of the mean of squared gradients. */
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** Decoupled; applies to matrices and embeddings, not to norms and biases. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; Infinity switches clipping off. */
  readonly maxGradNorm: number;
}

/** Result of one update. */
export interface UpdateResult {
  /** Global L2 norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** False when the gradient was not finite: weights and moments then stay as they were. */
  readonly applied: boolean;
}

/**
 * AdamW with decoupled weight decay and clipping by global norm. Owns the moments.
 *
 * See Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (https://arxiv.org/abs/1711.05101), algorithm 2.
 */
export class AdamW {
  readonly #parameters: TrainableParameters;
  readonly #options: AdamWOptions;
  readonly #mean = new Map<string, tf.Tensor>();
  readonly #variance = new Map<string, tf.Tensor>();
  #updates = 0;

  constructor(parameters: TrainableParameters, options: AdamWOptions) {
    this.#parameters = parameters;
    this.#options = options;
  }

  /** Updates so far; the bias correction depends on it. */
  get updates(): number {
    return this.#updates;
  }

  /** Forgets all moments, as for a new stage of training. */
  reset(): void {
    this.dispose();
    this.#updates = 0;
  }

  /** Moments by name, for checkpoints: `mean.NAME` and `variance.NAME`. Borrowed. */
  state(): Map<string, tf.Tensor> {
    const state = new Map<string, tf.Tensor>();
    for (const { name, shape } of this.#parameters.trainableSpecs) {
      const { mean, variance } = this.#moments(name, shape);
      state.set(`mean.${name}`, mean);
      state.set(`variance.${name}`, variance);
    }
    return state;
  }

  /** Puts saved moments back. The tensors' values are copied. */
  restore(values: ReadonlyMap<string, Float32Array>, updates: number): void {
    this.dispose();
    const saved = (name: string, shape: readonly number[]) => tf.keep(tf.tensor(values.get(name)!, [...shape], "float32"));
    for (const { name, shape } of this.#parameters.trainableSpecs) {
      this.#mean.set(name, saved(`mean.${name}`, shape));
      this.#variance.set(name, saved(`variance.${name}`, shape));
    }
    this.#updates = updates;
  }

  /**
   * One update.
   *
   * @param gradients - by parameter name; parameters without one are left alone. Borrowed.
   * @param constants - of this update, instead of the optimizer's own
   */
  async update(
    gradients: ReadonlyMap<string, tf.Tensor>,
    learningRate: number,
    constants: Partial<AdamWOptions> = {},
  ): Promise<UpdateResult> {
    const gradNorm = await globalNorm([...gradients.values()]);
    if (!Number.isFinite(gradNorm)) return { gradNorm, applied: false };
    const options = { ...this.#options, ...constants };
    const { maxGradNorm } = options;
    const scale = gradNorm > maxGradNorm ? maxGradNorm / gradNorm : 1;
    this.#updates++;
    for (const { name, kind } of this.#parameters.trainableSpecs) {
      const gradient = gradients.get(name);
      if (gradient === undefined) continue;
      const weightDecay = kind === "norm" || kind === "bias" ? 0 : options.weightDecay;
      this.#updateOne(name, gradient, scale, learningRate, { ...options, weightDecay });
    }
    return { gradNorm, applied: true };
  }

  /** Frees the moments; the parameters are borrowed. */
  dispose(): void {
    tf.dispose([...this.#mean.values(), ...this.#variance.values()]);
    this.#mean.clear();
    this.#variance.clear();
  }

  /** The moments of a parameter. They take memory from the first use on: a model that only samples has none. */
  #moments(name: string, shape: readonly number[]): { readonly mean: tf.Tensor; readonly variance: tf.Tensor } {
    const of = (moments: Map<string, tf.Tensor>) => {
      const found = moments.get(name) ?? tf.keep(zeros(shape));
      moments.set(name, found);
      return found;
    };
    return { mean: of(this.#mean), variance: of(this.#variance) };
  }

  #updateOne(name: string, gradient: tf.Tensor, scale: number, learningRate: number, constants: AdamWOptions): void {
    const { beta1, beta2, epsilon, weightDecay } = constants;
    const variable = this.#parameters.get(name);
    const { mean, variance } = this.#moments(name, variable.shape);
    const correction1 = 1 - beta1 ** this.#updates;
    const correction2 = 1 - beta2 ** this.#updates;
    const fused = fusedKernels();
    if (fused !== undefined) {
      const { kernels, pointer, output } = fused;
      const updated = output(...variable.shape);
      kernels.adamW(
        pointer(variable),
        pointer(gradient),
        pointer(mean),
        pointer(variance),
        pointer(updated),
        variable.size,
        scale,
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        correction1,
        correction2,
      );
      const tensor = wrap(updated);
      variable.assign(tensor);
      tensor.dispose();
      return;
    }
    // Each part frees its intermediate results before the next: of a large embedding matrix every one of them counts.
    const g = tf.mul(gradient, scale);
    const m = tf.tidy(() => tf.add(tf.mul(mean, beta1), tf.mul(g, 1 - beta1)));
    this.#mean.set(name, tf.keep(m));
    mean.dispose();
    const v = tf.tidy(() => tf.add(tf.mul(variance, beta2), tf.mul(tf.square(g), 1 - beta2)));
    this.#variance.set(name, tf.keep(v));
    tf.dispose([variance, g]);
    const step = tf.tidy(() => {
      const root = tf.tidy(() => tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(correction2)), epsilon));
      return tf.div(tf.mul(m, learningRate / correction1), root);
    });
    const value = tf.tidy(() => tf.sub(tf.mul(variable, 1 - learningRate * weightDecay), step));
    variable.assign(value);
    tf.dispose([value, step]);
  }
}

/** Zeros that are made where they lie, without a copy in JavaScript's memory where our kernels run. */
function zeros(shape: readonly number[]): tf.Tensor {
  const fused = fusedKernels();
  return fused === undefined ? tf.zeros([...shape]) : wrap(fused.zeros(...shape));
}

/** √(Σ x²) over all tensors, in double precision where our kernels run. */
async function globalNorm(tensors: readonly tf.Tensor[]): Promise<number> {
  const fused = fusedKernels();
  if (fused !== undefined) {
    return Math.sqrt(tensors.reduce((sum, x) => sum + fused.kernels.sumOfSquares(fused.pointer(x), x.size), 0));
  }
  if (tensors.length === 0) return 0;
  // One square at a time; added in pairs, because the WebGPU backend's addN gives nonsense for more than seven.
  const total = tf.tidy(() => tensors.map((x) => tf.tidy(() => tf.sum(tf.square(x)))).reduce((sum, x) => tf.add(sum, x)));
  try {
    return Math.sqrt((await total.data())[0]!);
  } finally {
    total.dispose();
  }
}

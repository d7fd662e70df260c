import * as tf from "@tensorflow/tfjs-core";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";
import { roomForCopies, spareMemory } from "../memory-room.js";
import { isFrozen, linear, linearTransposed } from "../ops/linear.js";
import { fakeQuantized } from "./fake-quantized.js";

/** Number format of the weights that a sampler multiplies with; `int8`: of each output channel a scale and whole numbers in 8 bits. */
export type SamplingFormat = "float32" | "int8";

/** Columns that kernels fill up to. */
const STRIP = 16;

/** A weight in the form that products of sampling read. */
interface Form {
  /** Of the values that it was made of: an update of the weight brings others. */
  readonly dataId: object;
  readonly values: tf.Tensor;
  /** Models that read it. */
  readonly holders: Set<SamplingWeights>;
}

/** Forms by weight: policies on one base, such as an engine's and its snapshots', read the same ones of it. */
const FORMS: Readonly<Record<SamplingFormat, Map<tf.Tensor, Form>>> = { float32: new Map(), int8: new Map() };

/**
 * Weights for products without gradients, made anew when the weight has changed. As floats they are copies in the order in which products
 * read them, with the same results to the bit, and done without where memory is short. Owns what it makes; borrows the weights.
 */
export class SamplingWeights {
  readonly #format: SamplingFormat;
  readonly #forms: Map<tf.Tensor, Form>;
  readonly #withdraw: () => void;

  constructor(format: SamplingFormat) {
    this.#format = format;
    this.#forms = FORMS[format];
    this.#withdraw = format === "float32" ? spareMemory(() => this.#release(() => true)) : () => {};
  }

  /**
   * x·w, or x·wᵀ.
   *
   * @param x - `[rows, inner]`
   * @param w - a variable, `[inner, columns]`, or `[columns, inner]` where it is transposed
   * @returns `[rows, columns]`
   */
  multiply(x: tf.Tensor2D, w: tf.Tensor2D, transposed = false): tf.Tensor2D {
    const plain = transposed ? linearTransposed : linear;
    const fused = fusedKernels();
    const form = this.#formOf(fused, w, transposed);
    if (form === undefined) return plain(x, w);
    if (fused === undefined) return plain(x, form as tf.Tensor2D);
    const [rows, inner] = x.shape;
    const columns = transposed ? w.shape[0] : w.shape[1];
    const { kernels, pointer, output } = fused;
    const y = output(rows, columns);
    const product = this.#format === "int8" ? kernels.matmulQuantized : kernels.matmulPacked;
    product(pointer(x), pointer(form), pointer(y), rows, columns, inner);
    return wrap(y);
  }

  /** Gives up the forms of weights that training changes; those of frozen weights stay. */
  releaseTrained(): void {
    this.#release((weight) => !isFrozen(weight));
  }

  /** Gives up all forms. A form that nobody else reads is freed. */
  dispose(): void {
    this.#withdraw();
    this.#release(() => true);
  }

  #release(which: (weight: tf.Tensor) => boolean): void {
    for (const [weight, { values, holders }] of this.#forms) {
      if (!which(weight) || !holders.delete(this) || holders.size > 0) continue;
      values.dispose();
      this.#forms.delete(weight);
    }
  }

  #formOf(fused: KernelContext | undefined, w: tf.Tensor2D, transposed: boolean): tf.Tensor | undefined {
    const known = this.#forms.get(w);
    if (known !== undefined && known.dataId === w.dataId) {
      known.holders.add(this);
      return known.values;
    }
    known?.values.dispose();
    this.#forms.delete(w);
    const values = this.#make(fused, w, transposed);
    if (values === undefined) return undefined;
    this.#forms.set(w, { dataId: w.dataId, values: tf.keep(values), holders: new Set([this]) });
    return values;
  }

  #make(fused: KernelContext | undefined, w: tf.Tensor2D, transposed: boolean): tf.Tensor | undefined {
    if (fused === undefined) return this.#format === "int8" ? fakeQuantized(w, transposed ? 1 : 0) : undefined;
    const { kernels, pointer, output } = fused;
    const [inner, columns] = transposed ? [w.shape[1], w.shape[0]] : w.shape;
    const [strideK, strideN] = transposed ? [1, inner] : [columns, 1];
    const padded = Math.ceil(columns / STRIP) * STRIP;
    if (this.#format === "int8") {
      const quantized = output(padded + (padded * inner) / 4);
      kernels.quantizeWeight(pointer(w), strideK, strideN, columns, inner, pointer(quantized));
      return wrap(quantized);
    }
    const held = [...this.#forms.values()].reduce((sum, { values }) => sum + values.size, 0);
    if (held + padded * inner > roomForCopies(held)) return undefined;
    const packed = output(padded, inner);
    kernels.packWeight(pointer(w), strideK, strideN, columns, inner, pointer(packed));
    return wrap(packed);
  }
}

import * as tf from "@tensorflow/tfjs-core";
import { fusedKernels, wrap } from "../kernels/kernel-context.js";
import { tensorflowBackend } from "../native/tensorflow-backend.js";

declare global {
  // ES2024 that Node 20 has, unlike the rest of it
  interface ArrayBufferConstructor {
    new (byteLength: number, options: { readonly maxByteLength: number }): ArrayBuffer;
  }
  interface ArrayBuffer {
    resize(byteLength: number): void;
  }
}

/** TensorFlow copies values that lie off its alignment, and else holds on to the array. */
const OFF_ALIGNMENT = 4;

/**
 * Makes tensors of floats out of values that come piece by piece, on the current backend and without memory that waits for the garbage
 * collector: of the tensors' size, and at most one of them twice.
 */
export class TensorFiller {
  /** Through which values go to native TensorFlow, which takes no memory of ours over that could be given back. */
  readonly #passage: ArrayBuffer | undefined;

  /** @param largest - floats of the largest tensor */
  constructor(largest: number) {
    if (tensorflowBackend() !== undefined) this.#passage = new ArrayBuffer(0, { maxByteLength: OFF_ALIGNMENT + 4 * largest });
  }

  /**
   * @param fill - gets a function that gives the values' memory, which moves while other tensors are made: to be asked anew after each wait
   * @returns a tensor that the caller disposes of
   */
  async tensor(shape: readonly number[], fill: (values: () => Float32Array) => Promise<void>): Promise<tf.Tensor> {
    const size = tf.util.sizeFromShape([...shape]);
    const context = fusedKernels();
    if (context?.view !== undefined) {
      const { view } = context;
      const tensor = wrap(context.output(...shape));
      await fill(() => view(tensor)).catch((error: unknown) => {
        tensor.dispose();
        throw error;
      });
      return tensor;
    }
    this.#passage?.resize(OFF_ALIGNMENT + 4 * size);
    const values = this.#passage === undefined ? new Float32Array(size) : new Float32Array(this.#passage, OFF_ALIGNMENT, size);
    await fill(() => values);
    const tensor = tf.tensor(values, [...shape], "float32");
    tf.reshape(tensor, [-1]).dispose(); // native TensorFlow takes values over at their first use
    return tensor;
  }

  /** Gives memory that is no tensor's back to the system. */
  dispose(): void {
    this.#passage?.resize(0);
  }
}

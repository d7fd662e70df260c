import type { LossResult } from "@retool-ts/algorithms";
import * as tf from "@tensorflow/tfjs-core";
import { fusedKernels } from "./kernels/kernel-context.js";
import { ownTape } from "./ops/tape.js";
import type { TrainableParameters } from "./parameter-specs.js";

/** The same as plain numbers. */
export interface LossNumbers {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Sums the gradients of several losses until an update takes them. Owns the sums; the parameters are borrowed. */
export class GradientAccumulator {
  readonly #parameters: TrainableParameters;
  #gradients = new Map<string, tf.Tensor>();

  constructor(parameters: TrainableParameters) {
    this.#parameters = parameters;
  }

  /** By parameter name. Borrowed. */
  get gradients(): ReadonlyMap<string, tf.Tensor> {
    return this.#gradients;
  }

  /**
   * Adds the gradients of a loss.
   *
   * @param compute - runs in `tf.tidy`
   */
  async add(compute: () => LossResult): Promise<LossNumbers> {
    const measured: [name: string, scalar: tf.Scalar][] = [];
    const specs = this.#parameters.trainableSpecs;
    const variables = specs.map(({ name }) => this.#parameters.get(name));
    try {
      const run = () => {
        const { loss, metrics = {} } = compute();
        for (const [name, metric] of Object.entries(metrics)) measured.push([name, tf.keep(tf.clone(metric))]);
        return loss;
      };
      const { value, grads } = ownTape(() => tf.tidy(() => tf.variableGrads(run, variables)));
      measured.push(["loss", value]);
      specs.forEach(({ name }, i) => this.#accumulate(name, grads[variables[i]!.name]));
      const numbers = await Promise.all(measured.map(async ([name, scalar]) => [name, (await scalar.data())[0]!] as const));
      return { loss: numbers.at(-1)![1], metrics: Object.fromEntries(numbers.slice(0, -1)) };
    } finally {
      for (const [, scalar] of measured) scalar.dispose();
    }
  }

  /** Forgets all gradients. */
  clear(): void {
    tf.dispose([...this.#gradients.values()]);
    this.#gradients = new Map();
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

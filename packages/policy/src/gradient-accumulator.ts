import type { LossResult } from "@retool-ts/algorithms";
import * as tf from "@tensorflow/tfjs-core";
import { fusedKernels } from "./kernels/kernel-context.js";
import { freeAlongTheWay, ownTape } from "./ops/tape.js";
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
        freeAlongTheWay();
        return loss;
      };
      const { value, grads } = ownTape(() => tf.tidy(() => tf.variableGrads(run, variables)));
      specs.forEach(({ name }, i) => this.#accumulate(name, grads[variables[i]!.name]));
      return await lossNumbers({ loss: value, metrics: Object.fromEntries(measured) });
    } catch (error) {
      tf.dispose(measured.map(([, scalar]) => scalar));
      throw error;
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

/** Reads a loss and its metrics, which are consumed. */
export async function lossNumbers({ loss, metrics = {} }: LossResult): Promise<LossNumbers> {
  const read = async (scalar: tf.Scalar) => (await scalar.data())[0]!;
  try {
    const values = await Promise.all(Object.entries(metrics).map(async ([name, metric]) => [name, await read(metric)] as const));
    return { loss: await read(loss), metrics: Object.fromEntries(values) };
  } finally {
    tf.dispose([loss, ...Object.values(metrics)]);
  }
}

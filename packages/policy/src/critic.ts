import { valueLoss, type ValueLoss } from "@retool-ts/algorithms";
import { RetoolError } from "@retool-ts/core";
import type { CriticEngine, ValueLossSpec, TrainingRow } from "@retool-ts/engine";
import * as tf from "@tensorflow/tfjs-core";
import { AdamW, type AdamWOptions, type UpdateResult } from "./adamw.js";
import { GradientAccumulator, type LossNumbers } from "./gradient-accumulator.js";
import { sumMicroBatches } from "./micro-batch-sum.js";
import { gatherRows } from "./ops/embedding.js";
import type { ParameterSpec, TrainableParameters } from "./parameter-specs.js";
import type { Parameters } from "./parameters.js";
import { checkRows, rowValues } from "./row-values.js";
import type { PackedBatch } from "./training-batch.js";
import { Transformer, type TrainingPass } from "./transformer.js";

/** Fixed for the life of a critic. */
export interface CriticOptions {
  readonly optimizer: AdamWOptions;
  readonly maxTokensPerMicroBatch: number;
  /** Compute each layer a second time in the backward pass instead of keeping what it made. */
  readonly gradientCheckpointing?: boolean;
  /** Weights of the scalar head, `hiddenSize` of them, and its bias; without it both are 0. */
  readonly head?: { readonly weights: Float32Array; readonly bias: number };
  /** Writes a critic for {@link Critic.saveState}. */
  readonly save?: (folder: string, critic: Critic) => Promise<void>;
}

const HEAD_WEIGHTS = "valueHead.weights";
const HEAD_BIAS = "valueHead.bias";

/**
 * The critic of PPO: a transformer with a scalar head, V(s) = w · h(s) + b, where s is everything before a token.
 *
 * Schulman et al., "Proximal Policy Optimization Algorithms" (https://arxiv.org/abs/1707.06347), section 5, with weights of its own.
 * Owns trunk, head, optimizer and gradients. A trunk with an adapter trains the adapter and the head, without dropout.
 */
export class Critic implements TrainableParameters, CriticEngine {
  /** The transformer below the head; it has no output head of its own. */
  readonly trunk: Parameters;
  readonly trainableSpecs: readonly ParameterSpec[];
  readonly optimizer: AdamW;
  readonly #model: Transformer;
  readonly #head: ReadonlyMap<string, tf.Variable>;
  readonly #gradients: GradientAccumulator;
  readonly #maxTokensPerMicroBatch: number;
  readonly #training: TrainingPass;
  readonly #save: CriticOptions["save"];

  /** @param trunk - with tied embeddings; the critic owns it from here on */
  constructor(trunk: Parameters, { optimizer, maxTokensPerMicroBatch, gradientCheckpointing = false, head, save }: CriticOptions) {
    const { hiddenSize } = trunk.config;
    this.trunk = trunk;
    this.trainableSpecs = [
      ...trunk.trainableSpecs,
      { name: HEAD_WEIGHTS, shape: [hiddenSize], kind: "matrix" },
      { name: HEAD_BIAS, shape: [1], kind: "bias" },
    ];
    const variable = (values: Float32Array) => {
      const initial = tf.tensor1d(values);
      const made = tf.variable(initial);
      initial.dispose();
      return made;
    };
    this.#head = new Map<string, tf.Variable>([
      [HEAD_WEIGHTS, variable(head?.weights ?? new Float32Array(hiddenSize))],
      [HEAD_BIAS, variable(Float32Array.of(head?.bias ?? 0))],
    ]);
    this.#model = new Transformer(trunk);
    this.optimizer = new AdamW(this, optimizer);
    this.#gradients = new GradientAccumulator(this);
    this.#maxTokensPerMicroBatch = maxTokensPerMicroBatch;
    this.#training = { gradientCheckpointing };
    this.#save = save;
  }

  /**
   * A critic whose trunk begins as the policy and whose head is 0, so that it values every state at 0. The trunk of a policy with an
   * adapter is an adapter of its own on the same base, which is shared; else it is a copy of all weights.
   */
  static async fromPolicy(policy: Parameters, options: Omit<CriticOptions, "head">): Promise<Critic> {
    const change = { tiedEmbeddings: true } as const;
    return new Critic(await (policy.lora === undefined ? policy.copy(change) : policy.branchAdapter(change)), options);
  }

  /** A parameter of trunk or head by name. Borrowed. */
  get(name: string): tf.Variable {
    return this.#head.get(name) ?? this.trunk.get(name);
  }

  /**
   * Values without gradients, of the states in which the rows' tokens were chosen.
   *
   * @returns one array a row, of the row's length: 0 where the mask is 0
   * @throws RetoolError when a row is too long or has ids that the model does not know.
   */
  async values(rows: readonly TrainingRow[]): Promise<Float32Array[]> {
    checkRows(rows, this.trunk.config);
    return rowValues(rows, this.#maxTokensPerMicroBatch, (batch) => this.#values(batch));
  }

  /**
   * Adds the gradients of a loss over the rows to those that wait for {@link Critic.optimStep}.
   *
   * @returns sums over the micro-batches
   */
  async forwardBackward(rows: readonly TrainingRow[], loss: ValueLossSpec | ValueLoss): Promise<LossNumbers> {
    const lossOf = typeof loss === "function" ? loss : valueLoss(loss);
    checkRows(rows, this.trunk.config);
    return sumMicroBatches(rows, this.#maxTokensPerMicroBatch, (batch) =>
      this.#gradients.add(() => lossOf({ values: this.#values(batch, this.#training), fields: batch.fields })),
    );
  }

  /** Clips and applies the gradients gathered since the last call, and forgets them. */
  async optimStep({ learningRate }: { readonly learningRate: number }): Promise<UpdateResult> {
    try {
      return await this.optimizer.update(this.#gradients.gradients, learningRate);
    } finally {
      this.#gradients.clear();
    }
  }

  /** Writes trunk, head and optimizer. */
  async saveState(folder: string): Promise<void> {
    if (this.#save === undefined) throw new RetoolError("CRITIC", "saveState: this critic was made without the option save");
    await this.#save(folder, this);
  }

  /** Frees everything. */
  dispose(): void {
    this.#gradients.clear();
    this.optimizer.dispose();
    this.#model.dispose();
    this.trunk.dispose();
    for (const variable of this.#head.values()) variable.dispose();
  }

  /** `[targets]`; the hidden state before a target token has seen all that the policy saw when it chose it. */
  #values({ tokenIds, layout, sources }: PackedBatch, training: TrainingPass = {}): tf.Tensor1D {
    return tf.tidy(() => {
      const states = gatherRows(this.#model.forward(tokenIds, layout, training), sources); // [targets, hiddenSize]
      const products = tf.mul(states, this.get(HEAD_WEIGHTS));
      return tf.add<tf.Tensor1D>(tf.sum(products, 1), this.get(HEAD_BIAS));
    });
  }
}

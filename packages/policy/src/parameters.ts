import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkModelConfig, type ModelConfig } from "./config.js";
import { checkRoom } from "./memory-limit.js";
import { checkLoraOptions, loraSpecs, type LoraOptions } from "./lora/lora-options.js";
import { parameterCount, parameterSpecs, type ParameterSpec, type TrainableParameters } from "./parameter-specs.js";
import { normals, uniforms } from "./random-weights.js";
import { TensorFiller } from "./checkpoint/tensor-filler.js";

/** Distribution of fresh weights. */
export interface InitOptions {
  readonly seed: number;
  /** Standard deviation of the embedding matrix; 0.02 is usual, 0.1 learns to copy sooner at hidden size 64. */
  readonly embeddingStd: number;
  /** Standard deviation of an output head of its own; default: that of the embedding. */
  readonly headStd?: number;
}

/** The weights of one model as tfjs variables, by name, and those of an adapter on top. Owns them, unless they are shared. */
export class Parameters implements TrainableParameters {
  readonly config: ModelConfig;
  /** The model's own weights, without an adapter's. */
  readonly specs: readonly ParameterSpec[];
  readonly #variables = new Map<string, tf.Variable>();
  /** Whose weights these are, of a model made by {@link Parameters.shareBase}. */
  #base: Parameters | undefined;
  #lora: LoraOptions | undefined;

  /** @param values - of each parameter; without it, the caller is {@link Parameters.load} */
  constructor(config: ModelConfig, values?: (spec: ParameterSpec) => Float32Array) {
    checkModelConfig(config);
    if (values !== undefined) checkRoom(parameterCount(config), "sample");
    this.config = config;
    this.specs = parameterSpecs(config);
    if (values !== undefined) for (const spec of this.specs) this.#add(spec, values(spec));
  }

  /** Weights that are filled in one after another, the largest first. When one fails, those before it are freed. */
  static async load(config: ModelConfig, fill: (spec: ParameterSpec, values: () => Float32Array) => Promise<void>): Promise<Parameters> {
    checkRoom(parameterCount(config), "sample");
    const parameters = new Parameters(config);
    const size = ({ shape }: ParameterSpec) => tf.util.sizeFromShape([...shape]);
    const largestFirst = [...parameters.specs].sort((a, b) => size(b) - size(a));
    const filler = new TensorFiller(size(largestFirst[0]!));
    try {
      for (const spec of largestFirst) parameters.#keep(spec, await filler.tensor(spec.shape, (values) => fill(spec, values)));
      return parameters;
    } catch (error) {
      parameters.dispose();
      throw error;
    } finally {
      filler.dispose();
    }
  }

  /**
   * Fresh weights: normal with standard deviation 1/√inputs (residual projections also divided by √(2·layers)), norms 1, biases 0.
   * A pure function of the seed and each parameter's name.
   */
  static initialize(config: ModelConfig, { seed, embeddingStd, headStd = embeddingStd }: InitOptions): Parameters {
    return new Parameters(config, ({ name, shape, kind }) => {
      const size = tf.util.sizeFromShape([...shape]);
      switch (kind) {
        case "norm":
          return new Float32Array(size).fill(1);
        case "bias":
        case "loraA": // adapters are added to a finished model
        case "loraB":
          return new Float32Array(size);
        case "embedding":
          return normals(seed, ["init", name], size, name === "head" ? headStd : embeddingStd);
        case "matrix":
          return normals(seed, ["init", name], size, 1 / Math.sqrt(shape[0]!));
        case "residualMatrix":
          return normals(seed, ["init", name], size, 1 / Math.sqrt(shape[0]! * 2 * config.layers));
      }
    });
  }

  /**
   * Adds a low-rank adapter and freezes all other weights. At first the adapter changes nothing: B is 0, and A is uniform within
   * ±1/√inputs, a pure function of the seed and the parameter's name.
   *
   * @param values - of each adapter parameter, instead
   * @throws InputError when the options make no adapter or there is one already.
   */
  addAdapter(options: LoraOptions, values?: (spec: ParameterSpec) => Float32Array): void {
    checkLoraOptions(options);
    if (this.#lora !== undefined) {
      const problem = { what: "model", where: "adapter", expected: "a model without one", found: "a model with an adapter" };
      throw new InputError({ ...problem, fix: "merge the first adapter, or start from the base model" });
    }
    const fresh = ({ name, shape: [rows, columns], kind }: ParameterSpec) =>
      kind === "loraA"
        ? uniforms(options.seed, ["lora", name], rows! * columns!, 1 / Math.sqrt(rows!))
        : new Float32Array(rows! * columns!);
    for (const spec of loraSpecs(this.config, options)) this.#add(spec, (values ?? fresh)(spec));
    for (const { name } of this.specs) this.get(name).trainable = false;
    this.#lora = options;
  }

  /** The adapter's options, undefined where there is none. */
  get lora(): LoraOptions | undefined {
    return this.#lora;
  }

  /** The weights that training changes: the adapter's where there is one, else all. */
  get trainableSpecs(): readonly ParameterSpec[] {
    return this.#lora === undefined ? this.specs : loraSpecs(this.config, this.#lora);
  }

  /**
   * The same weights in memory of their own, without an adapter. The caller disposes of it.
   *
   * @param change - `tiedEmbeddings: true` leaves the output head out.
   */
  copy(change: { readonly tiedEmbeddings?: true } = {}): Promise<Parameters> {
    return Parameters.load({ ...this.config, ...change }, async ({ name }, values) => {
      const own = await this.get(name).data();
      values().set(own);
    });
  }

  /**
   * The same weights, borrowed, without an adapter: as a reference, or for {@link Parameters.addAdapter} with another adapter. Their
   * owner must outlive what is returned.
   *
   * @param change - `tiedEmbeddings: true` leaves the output head out.
   */
  shareBase(change: { readonly tiedEmbeddings?: true } = {}): Parameters {
    const shared = new Parameters({ ...this.config, ...change });
    shared.#base = this;
    return shared;
  }

  /** {@link Parameters.shareBase} under an adapter of its own that begins as a copy of this one's. */
  async branchAdapter(change: { readonly tiedEmbeddings?: true } = {}): Promise<Parameters> {
    const values = new Map<string, Float32Array>();
    if (this.#lora === undefined) throw new Error("a model without an adapter has none to copy");
    for (const { name } of this.trainableSpecs) values.set(name, Float32Array.from(await this.get(name).data()));
    const branch = this.shareBase(change);
    branch.addAdapter(this.#lora, ({ name }) => values.get(name)!);
    return branch;
  }

  /** Takes over the values of another model of the same shape; where the base is shared, those of the adapter alone. */
  async copyFrom(other: Parameters): Promise<void> {
    for (const { name, shape } of this.#base === undefined ? this.specs : this.trainableSpecs) {
      const values = tf.tensor(Float32Array.from(await other.get(name).data()), [...shape], "float32");
      this.get(name).assign(values);
      values.dispose();
    }
  }

  /** Number of weights. */
  get count(): number {
    return parameterCount(this.config);
  }

  /** A parameter by name. Borrowed. */
  get(name: string): tf.Variable {
    const variable = this.#variables.get(name) ?? this.#base?.get(name);
    if (variable === undefined) throw new Error(`no parameter named ${name}`);
    return variable;
  }

  /** {@link Parameters.get} for a parameter with two axes. */
  matrix(name: string): tf.Tensor2D {
    return this.get(name) as tf.Tensor as tf.Tensor2D;
  }

  /** {@link Parameters.get} for a parameter with one axis. */
  vector(name: string): tf.Tensor1D {
    return this.get(name) as tf.Tensor as tf.Tensor1D;
  }

  /** Frees all weights that it owns. */
  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }

  #add(spec: ParameterSpec, values: Float32Array): void {
    this.#keep(spec, tf.tensor(values, [...spec.shape], "float32"));
  }

  /** Takes the tensor over. */
  #keep(spec: ParameterSpec, initial: tf.Tensor): void {
    this.#variables.set(spec.name, tf.engine().makeVariable(initial, true) as tf.Variable);
    // Native TensorFlow takes values over at their first use: now, so that they are not held twice when all are used at once.
    tf.reshape(initial, [-1]).dispose();
    initial.dispose();
  }
}

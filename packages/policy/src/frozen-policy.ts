import { RetoolError } from "@retool-ts/core";
import type { EngineModel, ScoringOptions, Snapshot, TrainingRow } from "@retool-ts/engine";
import { engineModel, weightsDigest } from "./engine-parts.js";
import type { LocalSamplerOptions } from "./sampler/decode-request.js";
import type { Parameters } from "./parameters.js";
import { checkRows, rowValues, scoreTargets } from "./row-values.js";
import { LocalSampler } from "./sampler/sampler.js";
import type { SamplingFormat } from "./sampler/sampling-weights.js";
import { Transformer } from "./transformer.js";

/** Fixed for the life of a frozen policy. */
export interface FrozenPolicyOptions {
  readonly maxTokensPerMicroBatch: number;
  /** Whose newest weights {@link FrozenPolicy.refresh} takes. */
  readonly source?: Parameters;
  /** Format of the weights that samplers multiply with. Default: float32. */
  readonly samplerWeights?: SamplingFormat;
  /** Writes the weights for {@link FrozenPolicy.save}. */
  readonly saveWeights?: (folder: string, parameters: Parameters) => Promise<void>;
}

/** A policy that is not trained, such as the reference of a KL penalty or an older policy that goes on sampling. Owns the parameters it is given. */
export class FrozenPolicy implements Snapshot {
  readonly parameters: Parameters;
  readonly model: EngineModel;
  readonly #transformer: Transformer;
  readonly #options: FrozenPolicyOptions;

  constructor(parameters: Parameters, options: FrozenPolicyOptions) {
    this.parameters = parameters;
    this.model = engineModel(parameters);
    this.#transformer = new Transformer(parameters, { sampling: options.samplerWeights ?? "float32" });
    this.#options = options;
  }

  /** The caller disposes of it. */
  async sampler(options: LocalSamplerOptions): Promise<LocalSampler> {
    return new LocalSampler(this.#transformer, options);
  }

  /** Log-probabilities of the rows' tokens: one array a row, of the row's length, 0 where the mask is 0. */
  async logProbs(rows: readonly TrainingRow[], { temperature = 1 }: ScoringOptions = {}): Promise<Float32Array[]> {
    checkRows(rows, this.parameters.config);
    return rowValues(rows, this.#options.maxTokensPerMicroBatch, (batch) => scoreTargets(this.#transformer, batch, temperature).logProbs);
  }

  weightsDigest(): Promise<string> {
    return weightsDigest(this.parameters);
  }

  async refresh(): Promise<void> {
    await this.parameters.copyFrom(this.#given("refresh", "source"));
  }

  async save(folder: string): Promise<void> {
    await this.#given("save", "saveWeights")(folder, this.parameters);
  }

  dispose(): void {
    this.#transformer.dispose();
    this.parameters.dispose();
  }

  #given<Name extends "source" | "saveWeights">(method: string, name: Name): NonNullable<FrozenPolicyOptions[Name]> {
    const option = this.#options[name];
    if (option === undefined) throw new RetoolError("FROZEN_POLICY", `${method}: this policy was made without the option ${name}`);
    return option as NonNullable<FrozenPolicyOptions[Name]>;
  }
}

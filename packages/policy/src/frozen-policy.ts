import type { SamplerOptions } from "./sampler/decode-request.js";
import type { Parameters } from "./parameters.js";
import { checkRows, rowValues, scoreTargets } from "./row-values.js";
import { LocalSampler } from "./sampler/sampler.js";
import type { TrainingRow } from "./training-batch.js";
import { Transformer } from "./transformer.js";

/** A policy that is not trained, such as the reference of a KL penalty or an older policy that goes on sampling. Owns the parameters it is given. */
export class FrozenPolicy {
  readonly parameters: Parameters;
  readonly model: Transformer;
  readonly #maxTokensPerMicroBatch: number;

  constructor(parameters: Parameters, { maxTokensPerMicroBatch }: { readonly maxTokensPerMicroBatch: number }) {
    this.parameters = parameters;
    this.model = new Transformer(parameters);
    this.#maxTokensPerMicroBatch = maxTokensPerMicroBatch;
  }

  /** A sampler that reads these weights. The caller disposes of it. */
  createSampler(options: SamplerOptions): LocalSampler {
    return new LocalSampler(this.model, options);
  }

  /**
   * Log-probabilities of the rows' tokens.
   *
   * @returns one array a row, of the row's length: 0 where the mask is 0
   * @throws RetoolError when a row is too long or has ids that the model does not know.
   */
  async logProbs(rows: readonly TrainingRow[], { temperature = 1 }: { readonly temperature?: number } = {}): Promise<Float32Array[]> {
    checkRows(rows, this.parameters.config);
    return rowValues(rows, this.#maxTokensPerMicroBatch, (batch) => scoreTargets(this.model, batch, temperature).logProbs);
  }

  /** Frees model and parameters. */
  dispose(): void {
    this.model.dispose();
    this.parameters.dispose();
  }
}

import type { TrainingModel } from "../client/training-model.js";
import { unshifted } from "../engine/weighted-rows.js";
import type { Datum, LossConfig } from "../wire/forward-backward.js";
import type { AdamParams } from "../wire/models.js";

/** Passes before one step. */
export type ProbePass = { readonly data: readonly Datum[]; readonly lossFn: string; readonly config?: LossConfig };

/** A step so small that weights stay as they are. */
const STILL: AdamParams = { learning_rate: 1e-12, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
/** Adam without memory and with the largest ε that servers take: nearly gradient descent. */
const DESCENT = { beta1: 0, beta2: 0, eps: 1, weight_decay: 0 };
/** A change of a log-probability that stands out of rounding, and leaves the gradient much as it was. */
const VISIBLE = 4e-3;

/**
 * How large a gradient is: its norm where the server tells it, else the change of a log-probability by a step of gradient descent, which is
 * proportional to it. Numbers mean something beside others of the same server alone.
 */
export class GradientSize {
  readonly #model: TrainingModel;
  readonly #witness: Datum;
  /** True where the server tells norms. */
  readonly #hasNorm: boolean;
  #rate = 1e-4;

  private constructor(model: TrainingModel, witness: Datum, hasNorm: boolean) {
    this.#model = model;
    this.#witness = witness;
    this.#hasNorm = hasNorm;
  }

  /** @param witness - whose log-probabilities are looked at, and which a policy gradient of 1 raises. */
  static async open(model: TrainingModel, witness: Datum, unit: ProbePass): Promise<GradientSize> {
    await model.pass(unit.data, unit);
    const { gradNorm } = await model.optimStep(STILL);
    const size = new GradientSize(model, witness, gradNorm !== undefined);
    while (size.#rate < 10 && Math.abs(await size.shift([unit], {})) < VISIBLE) size.#rate *= 4;
    return size;
  }

  get hasNorm(): boolean {
    return this.#hasNorm;
  }

  async of(...passes: readonly ProbePass[]): Promise<number> {
    if (!this.#hasNorm) return Math.abs(await this.shift(passes, {}));
    for (const pass of passes) await this.#model.pass(pass.data, pass);
    const { gradNorm } = await this.#model.optimStep(STILL);
    return gradNorm!;
  }

  /** The change of the witness by one step of descent. */
  async shift(passes: readonly ProbePass[], adam: Partial<AdamParams>): Promise<number> {
    const before = await this.#witnessed();
    for (const pass of passes) await this.#model.pass(pass.data, pass);
    await this.#model.optimStep({ learning_rate: this.#rate, ...DESCENT, grad_clip_norm: 0, ...adam });
    return (await this.#witnessed()) - before;
  }

  async #witnessed(): Promise<number> {
    const { logProbs } = await this.#model.pass([this.#witness], { lossFn: "cross_entropy", forwardOnly: true });
    const values = unshifted(logProbs[0]!);
    const weights = this.#witness.loss_fn_inputs["weights"]!.data;
    return values.reduce((sum, value, t) => (t > 0 && weights[t - 1] ? sum + value : sum), 0);
  }
}

/** The expectation that a ratio is nearest to, as factors are. */
export function nearest<T>(ratio: number, expected: readonly (readonly [number, T])[]): T {
  const distance = (value: number) => Math.abs(Math.log(Math.max(1e-3, value) / Math.max(1e-3, Math.abs(ratio))));
  return expected.reduce((best, candidate) => (distance(candidate[0]) < distance(best[0]) ? candidate : best))[1];
}

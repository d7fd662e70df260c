import type { Datum, ForwardBackwardOutput, LossConfig } from "../wire/forward-backward.js";
import type { ServerReduction } from "./server-semantics.js";

/** What the toy's server does where servers differ. */
export interface ToySemantics {
  readonly reduction: ServerReduction;
  readonly usesLogProbs: boolean;
  readonly clips: boolean;
  readonly losses: readonly string[];
  readonly tellsNorm: boolean;
  readonly takesZeroRate: boolean;
  readonly clipsGradient: boolean;
  /** Shapes that it refuses. */
  readonly refuses: readonly (
    | "one token"
    | "mixed lengths"
    | "several targets"
    | "several chunks"
    | "other types"
    | "overlong"
    | "no weights"
  )[];
}

export const TOY: ToySemantics = {
  reduction: "sum",
  usesLogProbs: true,
  clips: true,
  losses: ["cross_entropy", "importance_sampling", "ppo", "cispo"],
  tellsNorm: true,
  takesZeroRate: true,
  clipsGradient: true,
  refuses: ["several targets"],
};

/** Longest sequence of the toy. */
export const TOY_PLACES = 40;

/** A model of one logit a token, which ignores context, with the losses of a server in plain numbers and gradients by hand. */
export class ToyModel {
  readonly semantics: ToySemantics;
  readonly logits: Float64Array;
  #gradient: Float64Array;
  #sequences = 0;
  /** Gradients of the steps that were taken. */
  readonly steps: Float64Array[] = [];

  constructor(vocabSize: number, semantics: Partial<ToySemantics> = {}) {
    this.semantics = { ...TOY, ...semantics };
    this.logits = Float64Array.from({ length: vocabSize }, (_, id) => Math.sin(3 * id));
    this.#gradient = new Float64Array(vocabSize);
  }

  get probabilities(): Float64Array {
    const powers = this.logits.map((logit) => Math.exp(logit));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  }

  /** @throws Error for a loss that it lacks. */
  pass(data: readonly Datum[], lossFn: string, config: LossConfig, isForward: boolean): ForwardBackwardOutput {
    if (!this.semantics.losses.includes(lossFn)) throw new Error(`unknown loss ${lossFn}`);
    for (const fault of faultsOf(data)) if (this.semantics.refuses.includes(fault)) throw new Error(`shapes: ${fault}`);
    const probabilities = this.probabilities;
    const total = data.reduce((sum, datum) => sum + weightOf(datum), 0);
    for (const datum of isForward ? [] : data) this.#learn(datum, { lossFn, config, probabilities, total });
    if (!isForward) this.#sequences += data.length;
    const outputs = data.map(({ loss_fn_inputs: { target_tokens: targets } }) => {
      return { logprobs: { data: Array.from(targets!.data, (id) => Math.log(probabilities[id]!)), dtype: "float32" as const } };
    });
    return { loss_fn_output_type: "scalar", loss_fn_outputs: outputs, metrics: {} };
  }

  #learn(datum: Datum, pass: { lossFn: string; config: LossConfig; probabilities: Float64Array; total: number }): void {
    const { target_tokens: targets, weights, advantages, logprobs } = datum.loss_fn_inputs;
    const { reduction } = this.semantics;
    const own = weightOf(datum);
    const divisor = reduction === "batch-mean" ? pass.total : reduction.startsWith("sequence") ? own : 1;
    for (let t = 0; t < targets!.data.length; t++) {
      const id = targets!.data[t]!;
      const logProb = Math.log(pass.probabilities[id]!);
      const start = this.semantics.usesLogProbs ? (logprobs?.data[t] ?? 0) : logProb;
      const slope = this.#slope(pass, { ratio: Math.exp(logProb - start), advantage: advantages?.data[t] ?? 0 });
      const factor = (slope * weights!.data[t]!) / Math.max(divisor, 1e-9);
      // d log p(id) / d logit(k) = 1[k = id] − p(k).
      pass.probabilities.forEach((p, k) => (this.#gradient[k]! += factor * ((k === id ? 1 : 0) - p)));
    }
  }

  /** The derivative of a token's loss by its log-probability. */
  #slope({ lossFn, config }: { lossFn: string; config: LossConfig }, { ratio, advantage }: { ratio: number; advantage: number }): number {
    const low = this.semantics.clips ? Number(config["clip_low_threshold"] ?? 0.8) : 0;
    const high = this.semantics.clips ? Number(config["clip_high_threshold"] ?? 1.2) : Infinity;
    const clipped = Math.min(high, Math.max(low, ratio));
    switch (lossFn) {
      case "cross_entropy":
        return -1;
      case "ppo":
        return clipped * advantage < ratio * advantage ? 0 : -ratio * advantage;
      case "cispo":
        return -clipped * advantage;
      default:
        return -ratio * advantage;
    }
  }

  /** Adam without memory, nearly: g / (|g| + ε). */
  step({ learning_rate: rate, eps = 1e-8, grad_clip_norm: bound = 0 }: { learning_rate: number; eps?: number; grad_clip_norm?: number }) {
    if (rate === 0 && !this.semantics.takesZeroRate) throw new Error("learning_rate must be > 0");
    const isMean = this.semantics.reduction === "sequence-mean" || this.semantics.reduction === "datum-mean";
    const gradient = this.#gradient.map((value) => value / (isMean ? Math.max(1, this.#sequences) : 1));
    this.#gradient = new Float64Array(gradient.length);
    this.#sequences = 0;
    this.steps.push(gradient);
    const norm = Math.hypot(...gradient);
    const cut = this.semantics.clipsGradient && bound > 0 ? Math.min(1, bound / norm) : 1;
    gradient.forEach((value, k) => (this.logits[k]! -= (rate * cut * value) / (Math.abs(cut * value) + eps)));
    return this.semantics.tellsNorm ? { grad_norm: norm } : { step: this.steps.length };
  }
}

function faultsOf(data: readonly Datum[]): ToySemantics["refuses"][number][] {
  const lengths = data.map(({ model_input: { chunks } }) => chunks.reduce((sum, { tokens }) => sum + tokens.length, 0));
  const inputs = data.map((datum) => datum.loss_fn_inputs);
  return [
    ...(lengths.includes(1) ? ["one token" as const] : []),
    ...(new Set(lengths).size > 1 ? ["mixed lengths" as const] : []),
    ...(inputs.some(({ target_tokens: targets }, i) => targets!.data.length !== lengths[i]) ? ["several targets" as const] : []),
    ...(data.some(({ model_input }) => model_input.chunks.length > 1) ? ["several chunks" as const] : []),
    ...(inputs.some(({ target_tokens: targets, weights }) => targets!.dtype !== "int64" || (weights?.dtype ?? "float32") !== "float32")
      ? ["other types" as const]
      : []),
    ...(Math.max(...lengths) > TOY_PLACES ? ["overlong" as const] : []),
    ...(inputs.some(({ weights }) => weights === undefined) ? ["no weights" as const] : []),
  ];
}

function weightOf({ loss_fn_inputs: { weights } }: Datum): number {
  return Array.from(weights?.data ?? []).reduce((sum, weight) => sum + weight, 0);
}

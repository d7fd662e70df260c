import type { LossSpec, PolicyLoss, TrainingRow } from "@retool-ts/engine";
import { TinkerUnsupportedError } from "../client/errors.js";
import { aggregationWeights, rowSlopes } from "../loss/loss-slopes.js";
import { offPolicyFactors } from "../loss/off-policy.js";
import { targetRow } from "../loss/target-row.js";
import type { LossConfig } from "../wire/forward-backward.js";
import type { ServerSemantics } from "./server-semantics.js";
import type { RowTensors } from "./weighted-rows.js";

/** A loss as a server takes it. */
export interface PassPlan {
  readonly lossFn: string;
  readonly config?: LossConfig;
  /** Names of what each row is sent with, beside tokens, targets and weights. */
  readonly names: readonly string[];
  /** What a row is sent with, before {@link ServerSemantics.reduction} is made up for. */
  tensors(row: TrainingRow): RowTensors;
  /** The tensor that factors of the reduction belong on. */
  readonly scaled: "weights" | "advantages";
  /** {@link tensors} are of log-probabilities by the current weights, which must be known then. */
  readonly needsScores?: boolean;
}

/** A loss that can be said without log-probabilities of the current weights; undefined where they are needed first. */
export function planDirectly(loss: LossSpec, semantics: ServerSemantics): PassPlan | undefined {
  if (loss.name === "cross-entropy") {
    if (semantics.scalesWeights && semantics.losses.includes("cross_entropy")) {
      const tensors = ({ tokenIds }: TrainingRow) => ({ weights: constant(tokenIds.length, 1 / loss.normalizer) });
      return { lossFn: "cross_entropy", names: [], tensors, scaled: "weights" };
    }
    return likelihood(({ tokenIds }) => constant(tokenIds.length, -1 / loss.normalizer), semantics);
  }
  return isNative(loss, semantics) ? nativePlan(loss) : undefined;
}

/**
 * A loss by its slopes at the current weights: at ratio 1, or with a weight that is clipped to 1, the gradient of `importance_sampling` or
 * `cispo` is the sum of advantages times the gradients of log-probabilities. That is exact for every loss of the tokens' own
 * log-probabilities.
 *
 * @param logProbs - of a row by the current weights, in the row's places.
 */
export function planBySlopes(loss: LossSpec, logProbs: (row: TrainingRow) => Float32Array, semantics: ServerSemantics): PassPlan {
  const slopes = (row: TrainingRow) => rowSlopes(loss, row, logProbs(row)).slopes;
  const plan = likelihood(slopes, semantics);
  if (plan !== undefined) return { ...plan, needsScores: true };
  if (!semantics.losses.includes("importance_sampling")) {
    throw new TinkerUnsupportedError(
      `${loss.name}: this server has neither importance_sampling nor a cispo that clips; it has ${semantics.losses.join(", ")}`,
    );
  }
  const tensors = (row: TrainingRow) => ({ advantages: slopes(row).map((value) => -value), logprobs: logProbs(row) });
  return { lossFn: "importance_sampling", names: ["advantages", "logprobs"], tensors, scaled: "advantages", needsScores: true };
}

/** Σ −slope · log π, through `cispo` with a weight of exactly 1. */
function likelihood(slopes: (row: TrainingRow) => Float64Array, { losses, clipsWeight }: ServerSemantics): PassPlan | undefined {
  if (!clipsWeight || !losses.includes("cispo")) return undefined;
  const tensors = (row: TrainingRow) => ({
    advantages: slopes(row).map((value) => -value),
    logprobs: constant(row.tokenIds.length, 0),
  });
  const config = { clip_low_threshold: 1, clip_high_threshold: 1 };
  return { lossFn: "cispo", config, names: ["advantages", "logprobs"], tensors, scaled: "advantages" };
}

/** A surrogate that the server has itself, with nothing around it that hangs on the current weights. */
function isNative(
  { name, dualClip, kl, entropyCoef, offPolicyThreshold }: PolicyLoss,
  { losses, usesLogProbs, clipsRatio, clipsWeight }: ServerSemantics,
): boolean {
  if (!usesLogProbs || kl !== null || entropyCoef !== 0 || offPolicyThreshold !== null) return false;
  if (name === "ppo-clip") return clipsRatio && dualClip === null && losses.includes("ppo");
  return name === "cispo" && clipsWeight && losses.includes("cispo");
}

function nativePlan(loss: PolicyLoss): PassPlan {
  const tensors = (row: TrainingRow) => {
    const targets = targetRow(row, row.fields?.["oldLogProbs"] ?? []);
    const { factors } = offPolicyFactors(loss, targets);
    const weights = aggregationWeights(loss, targets);
    const given = targets.field("advantages");
    const advantages = new Float64Array(row.tokenIds.length);
    targets.places.forEach((place, i) => (advantages[place] = given[i]! * factors[i]! * weights[i]!));
    return { advantages, logprobs: row.fields!["oldLogProbs"]! };
  };
  const config = { clip_low_threshold: 1 - loss.clipLow, clip_high_threshold: 1 + loss.clipHigh };
  return { lossFn: loss.name === "cispo" ? "cispo" : "ppo", config, names: ["advantages", "logprobs"], tensors, scaled: "advantages" };
}

function constant(length: number, value: number): Float64Array {
  return new Float64Array(length).fill(value);
}

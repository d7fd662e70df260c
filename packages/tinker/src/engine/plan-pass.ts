import type { LossSpec, PolicyLoss, TrainingRow } from "@retool-ts/engine";
import { TinkerUnsupportedError } from "../client/errors.js";
import { aggregationWeights, lossSlopes } from "../loss/loss-slopes.js";
import { offPolicyFactors } from "../loss/off-policy.js";
import { targetRow } from "../loss/target-row.js";
import type { LossConfig } from "../wire/forward-backward.js";
import type { ServerSemantics } from "./server-semantics.js";
import type { RowTensors } from "./weighted-rows.js";

/** A loss as a server takes it. */
export interface PassPlan {
  readonly lossFn: string;
  readonly config?: LossConfig;
  /** What each row is sent with, before {@link ServerSemantics.reduction} is made up for. */
  readonly tensors: readonly RowTensors[];
  /** The tensor that factors of the reduction belong on. */
  readonly scaled: "weights" | "advantages";
}

/** A loss that can be said without log-probabilities of the current weights; undefined where they are needed first. */
export function planDirectly(loss: LossSpec, rows: readonly TrainingRow[], semantics: ServerSemantics): PassPlan | undefined {
  if (loss.name === "cross-entropy") {
    if (semantics.scalesWeights && semantics.losses.includes("cross_entropy")) {
      const tensors = rows.map(({ tokenIds }) => ({ weights: constant(tokenIds.length, 1 / loss.normalizer) }));
      return { lossFn: "cross_entropy", tensors, scaled: "weights" };
    }
    return likelihood(
      rows.map(({ tokenIds }) => constant(tokenIds.length, -1 / loss.normalizer)),
      semantics,
    );
  }
  return isNative(loss, semantics) ? nativePlan(loss, rows) : undefined;
}

/**
 * A loss by its slopes at the current weights: at ratio 1, or with a weight that is clipped to 1, the gradient of `importance_sampling` or
 * `cispo` is the sum of advantages times the gradients of log-probabilities. That is exact for every loss of the tokens' own
 * log-probabilities.
 *
 * @param logProbs - by the current weights, in the rows' places.
 */
export function planBySlopes(
  loss: LossSpec,
  rows: readonly TrainingRow[],
  logProbs: readonly Float32Array[],
  semantics: ServerSemantics,
): PassPlan {
  const { slopes } = lossSlopes(loss, rows, logProbs);
  const plan = likelihood(slopes, semantics);
  if (plan !== undefined) return plan;
  if (!semantics.losses.includes("importance_sampling")) {
    throw new TinkerUnsupportedError(
      `${loss.name}: this server has neither importance_sampling nor a cispo that clips; it has ${semantics.losses.join(", ")}`,
    );
  }
  const tensors = slopes.map((slope, i) => ({ advantages: slope.map((value) => -value), logprobs: logProbs[i]! }));
  return { lossFn: "importance_sampling", tensors, scaled: "advantages" };
}

/** Σ −slope · log π, through `cispo` with a weight of exactly 1. */
function likelihood(slopes: readonly ArrayLike<number>[], { losses, clipsWeight }: ServerSemantics): PassPlan | undefined {
  if (!clipsWeight || !losses.includes("cispo")) return undefined;
  const tensors = slopes.map((slope) => ({ advantages: Float64Array.from(slope, (value) => -value), logprobs: constant(slope.length, 0) }));
  return { lossFn: "cispo", config: { clip_low_threshold: 1, clip_high_threshold: 1 }, tensors, scaled: "advantages" };
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

function nativePlan(loss: PolicyLoss, rows: readonly TrainingRow[]): PassPlan {
  const tensors = rows.map((row) => {
    const targets = targetRow(row, row.fields?.["oldLogProbs"] ?? []);
    const { factors } = offPolicyFactors(loss, targets);
    const weights = aggregationWeights(loss, targets);
    const given = targets.field("advantages");
    const advantages = new Float64Array(row.tokenIds.length);
    targets.places.forEach((place, i) => (advantages[place] = given[i]! * factors[i]! * weights[i]!));
    return { advantages, logprobs: row.fields!["oldLogProbs"]! };
  });
  const config = { clip_low_threshold: 1 - loss.clipLow, clip_high_threshold: 1 + loss.clipHigh };
  return { lossFn: loss.name === "cispo" ? "cispo" : "ppo", config, tensors, scaled: "advantages" };
}

function constant(length: number, value: number): Float64Array {
  return new Float64Array(length).fill(value);
}

import { aggregateLoss, clippedValueLoss } from "@retool-ts/algorithms";
import type { Critic, ValueLoss } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import type { RunContext } from "../train-context.js";
import { miniBatches } from "./mini-batches.js";
import type { JudgedSample } from "./prepare.js";
import { countPolicyTokens } from "./sample.js";
import type { UpdateOptions } from "./update.js";

/** All updates of the critic in a step, over the same mini-batches as the policy's; metrics are means over them. */
export async function updateCritic(
  { config }: RunContext,
  critic: Critic,
  samples: readonly JudgedSample[],
  { step, learningRate }: UpdateOptions,
): Promise<Record<string, number>> {
  const updates: Record<string, number>[] = [];
  for (const batch of miniBatches(samples, config.train, { seed: config.seed, step })) {
    const tokens = countPolicyTokens(batch.map(({ sample }) => sample));
    if (tokens === 0) continue;
    const { loss, metrics } = await critic.forwardBackward(batch.map(valueRow), { loss: valueLoss(config.train.critic.clipValue, tokens) });
    const { gradNorm } = await critic.optimStep({ learningRate });
    updates.push({ "value/loss": loss, ...metrics, "value/grad_norm": gradNorm });
  }
  const mean = (name: string) => updates.reduce((sum, update) => sum + update[name]!, 0) / updates.length;
  return {
    ...Object.fromEntries(Object.keys(updates[0] ?? {}).map((name) => [name, mean(name)])),
    "value/explained_variance": explainedVariance(samples),
    "value/learning_rate": learningRate,
  };
}

function valueRow({ sample, returns }: JudgedSample) {
  const { tokenIds, lossMask } = sample.rollout.trajectory;
  return { tokenIds, lossMask, fields: { oldValues: sample.values!, returns: returns! } };
}

/** The clipped value loss, averaged over the tokens of the update. */
function valueLoss(clipValue: number, tokens: number): ValueLoss {
  return ({ values, fields }) => {
    const mask = tf.ones<tf.Rank.R1>(values.shape);
    const { lossPerToken, metrics } = clippedValueLoss(values, fields["oldValues"]!, fields["returns"]!, mask, { clipValue, normalizer: tokens }); // prettier-ignore
    return { loss: aggregateLoss(lossPerToken, mask, { mode: "token-mean", normalizer: tokens }), metrics };
  };
}

/** 1 − Var(return − value) / Var(return) over policy tokens: 1 = perfect, 0 = as good as a constant; NaN when all returns are equal. */
export function explainedVariance(samples: readonly JudgedSample[]): number {
  const returns: number[] = [];
  const errors: number[] = [];
  for (const { sample, returns: targets } of samples) {
    sample.rollout.trajectory.lossMask.forEach((mask, t) => {
      if (mask === 0) return;
      returns.push(targets![t]!);
      errors.push(targets![t]! - sample.values![t]!);
    });
  }
  const spread = variance(returns);
  return spread < 1e-9 ? Number.NaN : 1 - variance(errors) / spread; // below that it is rounding
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

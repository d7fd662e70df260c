import type { CriticEngine } from "@retool-ts/engine";
import { runSteps } from "../step-loop.js";
import { saveCheckpoint, type TrainContext } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { collectRollouts } from "./collect.js";
import { miniBatches } from "./mini-batches.js";
import { computeAdvantages } from "./prepare.js";
import type { ReferenceAndCritic } from "./reference-and-critic.js";
import { requestOf, unlessAborted } from "./rollout-source.js";
import { countPolicyTokens, type AdvantageSample } from "./sample.js";

/** Settings of a critic's update. */
export interface CriticUpdate {
  readonly clipValue: number;
  readonly learningRate: number;
}

/** All updates of the critic in a step, over the same mini-batches as the policy's; metrics are means over them. */
export async function updateCritic(
  critic: CriticEngine,
  samples: readonly AdvantageSample[],
  batches: readonly (readonly AdvantageSample[])[],
  { clipValue, learningRate }: CriticUpdate,
): Promise<Record<string, number>> {
  const updates: Record<string, number>[] = [];
  for (const batch of batches) {
    const tokens = countPolicyTokens(batch.map(({ sample }) => sample));
    if (tokens === 0) continue;
    const { loss, metrics } = await critic.forwardBackward(batch.map(valueRow), { name: "clipped-value", clipValue, normalizer: tokens });
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

/**
 * Value pretraining: the critic learns whole returns (λ = 1) of the policy that RL begins with, which stays as it is. A critic that
 * starts from the policy's weights would otherwise mislead the first updates.
 *
 * Yuan et al., "What's Behind PPO's Collapse in Long-CoT? Value Optimization Holds the Secret" (https://arxiv.org/abs/2503.01491).
 */
export async function pretrainCritic<Closure>(context: TrainContext<Closure>, models: ReferenceAndCritic, from: RlState): Promise<RlState> {
  const { config, seed, policy, signal } = context;
  const { critic: options, saveEvery } = config;
  const { critic } = models;
  if (critic === undefined || from.step > 0) return from;
  const count = ({ criticSteps = 0 }: RlState) => criticSteps;
  const save = (state: RlState) => saveCheckpoint(context, config, state, [models]);
  const step = async (before: RlState) => {
    const done = count(before);
    const request = { ...requestOf(context, before), step: -1 - done };
    const collected = await unlessAborted(signal, collectRollouts(context, policy, request));
    if (collected === undefined) return undefined;
    const { samples } = await computeAdvantages(context, models, collected, { gaeLambda: 1 });
    const learningRate = options.learningRate.peak;
    const batches = miniBatches(samples, config, { seed, step: request.step });
    const metrics = await updateCritic(critic, samples, batches, { clipValue: options.clipValue, learningRate });
    const totalSteps = before.totalSteps + 1;
    const { problemsTaken, successRates } = collected;
    const state = { ...before, criticSteps: done + 1, totalSteps, problemsTaken, ...(successRates && { successRates }) };
    const isSaved = state.criticSteps === options.pretrainSteps || state.criticSteps % saveEvery === 0;
    return { state, metrics: { phase: "critic", step: totalSteps, ...metrics }, save: isSaved };
  };
  return runSteps(context, { steps: options.pretrainSteps, count, step, save }, from);
}

function valueRow({ sample, returns }: AdvantageSample) {
  const { tokenIds, lossMask } = sample.rollout.trajectory;
  return { tokenIds, lossMask, fields: { oldValues: sample.values!, returns: returns! } };
}

/** 1 − Var(return − value) / Var(return) over policy tokens: 1 = perfect, 0 = as good as a constant; NaN when all returns are equal. */
export function explainedVariance(samples: readonly AdvantageSample[]): number {
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

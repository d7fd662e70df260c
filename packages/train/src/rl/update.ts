import { learningRateAt } from "@retool-ts/policy";
import { scheduleOf, type RunContext } from "../train-context.js";
import type { TrainConfig } from "../train-config.js";
import { isZero } from "./advantages.js";
import type { Companions } from "./companions.js";
import { miniBatches } from "./mini-batches.js";
import { policyLoss } from "@retool-ts/algorithms";
import { policyRow } from "./policy-row.js";
import type { JudgedSample } from "./prepare.js";
import { countPolicyTokens } from "./sample.js";
import { updateCritic } from "./update-critic.js";

type Metrics = Readonly<Record<string, number>>;

/** Where an update stands in the run. */
export interface UpdateOptions {
  /** Index of the RL step. */
  readonly step: number;
  readonly learningRate: number;
}

/** The updates of a step: the critic's, if there is one, then the policy's, unless the critic is still warming up. */
export async function updateModels(
  context: RunContext,
  { critic }: Pick<Companions, "critic">,
  samples: readonly JudgedSample[],
  step: number,
): Promise<Metrics> {
  const { train } = context.config;
  const rate = (schedule: TrainConfig["learningRate"]) => learningRateAt(step, scheduleOf(schedule, train.steps));
  const learningRate = rate(train.learningRate);
  const value = critic && (await updateCritic(context, critic, samples, { step, learningRate: rate(train.critic.learningRate) }));
  const isWarmUp = critic !== undefined && step < train.critic.warmupSteps;
  const policy = await updatePolicy(context, isWarmUp ? [] : samples, { step, learningRate });
  return { ...policy, ...value, "optim/learning_rate": learningRate };
}

/** All updates of the policy in a step; metrics are means over those that changed the policy. */
async function updatePolicy(
  context: RunContext,
  samples: readonly JudgedSample[],
  { step, learningRate }: UpdateOptions,
): Promise<Metrics> {
  const { train, seed } = context.config;
  const updates: Metrics[] = [];
  for (const batch of miniBatches(samples, train, { seed, step })) {
    const update = await updateOnce(context, batch, learningRate);
    if (update !== undefined) updates.push(update);
  }
  return { ...meanOfUpdates(updates), ...(train.updatesPerStep * train.epochs === 1 ? {} : { "policy/updates": updates.length }) };
}

/**
 * One update of the policy; undefined when no token of the batch has a gradient. A sample without advantage costs no work unless
 * entropy bonus or KL penalty want it; it still counts where losses are averaged.
 */
async function updateOnce(
  { config, model, extensions }: RunContext,
  batch: readonly JudgedSample[],
  learningRate: number,
): Promise<Metrics | undefined> {
  const { train } = config;
  const trained = batch.filter(({ sample, advantage }) => train.entropyCoef > 0 || !isZero(advantage, sample.rollout.trajectory.lossMask));
  const counts = {
    tokens: countPolicyTokens(batch.map(({ sample }) => sample)),
    rollouts: batch.length,
    trainedTokens: countPolicyTokens(trained.map(({ sample }) => sample)),
    trainedRows: trained.length,
    maxResponseTokens: config.budgets.maxResponseTokens,
  };
  if (counts.trainedTokens === 0) return undefined;
  const { loss, metrics } = await model.engine.forwardBackward(
    trained.map(({ sample, advantage }) => policyRow(sample, advantage)),
    { loss: policyLoss(train, counts, extensions?.loss), temperature: train.sampling.temperature },
  );
  const { gradNorm } = await model.engine.optimStep({ learningRate });
  return { "policy/loss": loss, ...metrics, "policy/trained_tokens": counts.trainedTokens, "optim/grad_norm": gradNorm };
}

function meanOfUpdates(updates: readonly Metrics[]): Metrics {
  if (updates.length === 0) return { "policy/loss": 0, "policy/trained_tokens": 0, "optim/grad_norm": 0 };
  const mean = (name: string) => updates.reduce((sum, update) => sum + update[name]!, 0) / updates.length;
  return Object.fromEntries(Object.keys(updates[0]!).map((name) => [name, mean(name)]));
}

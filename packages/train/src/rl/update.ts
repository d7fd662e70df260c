import { assertSameLength } from "@retool-ts/core";
import { countTargets, type LossSpec, type PolicyLossTerms, type TrainingRow } from "@retool-ts/engine";
import { learningRateAt } from "../schedule.js";
import type { TrainConfig } from "../train-config.js";
import { scheduleOf, type TrainContext } from "../train-context.js";
import { isZero, type Advantage } from "./advantages.js";
import { updateCritic } from "./critic-update.js";
import { miniBatches } from "./mini-batches.js";
import type { ReferenceAndCritic } from "./reference-and-critic.js";
import { countPolicyTokens, type AdvantageSample, type Sample } from "./sample.js";

type Metrics = Readonly<Record<string, number>>;

/** The updates of a step: the critic's, if there is one, then the policy's, unless the critic is still warming up. */
export async function updateModels<Closure>(
  context: TrainContext<Closure>,
  { critic }: Pick<ReferenceAndCritic, "critic">,
  samples: readonly AdvantageSample[],
  step: number,
): Promise<Metrics> {
  const { config, seed } = context;
  const rate = (schedule: TrainConfig["learningRate"]) => learningRateAt(step, scheduleOf(schedule, config.steps));
  const learningRate = rate(config.learningRate);
  const batches = (of: readonly AdvantageSample[]) => miniBatches(of, config, { seed, step });
  const value = critic && (await updateCritic(critic, samples, batches(samples), { clipValue: config.critic.clipValue, learningRate: rate(config.critic.learningRate) })); // prettier-ignore
  const isWarmUp = critic !== undefined && step < config.critic.warmupSteps;
  const updates = isWarmUp ? [] : await updatePolicy(context, batches(samples), learningRate);
  const policy = updates.length > 0 ? meanOf(updates) : await measurePolicy(context, samples);
  const count = config.updatesPerStep * config.epochs === 1 ? {} : { "policy/updates": updates.length };
  return { ...policy, ...count, ...value, "optim/learning_rate": learningRate };
}

/** The updates of a step that changed the policy. */
async function updatePolicy<Closure>(
  context: TrainContext<Closure>,
  batches: readonly (readonly AdvantageSample[])[],
  learningRate: number,
): Promise<Metrics[]> {
  const updates: Metrics[] = [];
  for (const batch of batches) {
    const update = await updateOnce(context, batch, learningRate);
    if (update !== undefined) updates.push(update);
  }
  return updates;
}

/**
 * The metrics of a step in which nothing is learned, over all of its policy tokens: a policy whose groups all score the same is looked
 * at like any other, most of all whether it still explores.
 */
async function measurePolicy<Closure>(
  { config, policy, environment, loss: lossOf }: TrainContext<Closure>,
  samples: readonly AdvantageSample[],
): Promise<Metrics> {
  const nothing = { "policy/loss": 0, "policy/trained_tokens": 0, "optim/grad_norm": 0 };
  const tokens = countPolicyTokens(samples.map(({ sample }) => sample));
  if (tokens === 0) return nothing;
  const { length: rollouts } = samples;
  const { maxResponseTokens } = environment.budgets;
  const terms = policyLossTerms(config, { tokens, rollouts, trainedTokens: tokens, trainedRows: rollouts, maxResponseTokens });
  const { metrics } = await policy.engine.measure(
    samples.map(({ sample, advantage }) => policyRow(sample, advantage)),
    lossOf?.(terms) ?? policyLossSpec(config, terms),
    { temperature: config.sampling.temperature },
  );
  return { ...metrics, ...nothing };
}

/**
 * One update of the policy; undefined when no token of the batch has a gradient. A sample without advantage costs no work unless
 * entropy bonus or KL penalty want it; it still counts where losses are averaged.
 */
async function updateOnce<Closure>(
  { config, policy, environment, loss: lossOf }: TrainContext<Closure>,
  batch: readonly AdvantageSample[],
  learningRate: number,
): Promise<Metrics | undefined> {
  const wantsAll = config.entropyCoef > 0 || config.kl?.place === "loss";
  const trained = batch.filter(({ sample, advantage }) => wantsAll || !isZero(advantage, sample.rollout.trajectory.lossMask));
  const counts = {
    tokens: countPolicyTokens(batch.map(({ sample }) => sample)),
    rollouts: batch.length,
    trainedTokens: countPolicyTokens(trained.map(({ sample }) => sample)),
    trainedRows: trained.length,
    maxResponseTokens: environment.budgets.maxResponseTokens,
  };
  if (counts.trainedTokens === 0) return undefined;
  const terms = policyLossTerms(config, counts);
  const { loss, metrics } = await policy.engine.forwardBackward(
    trained.map(({ sample, advantage }) => policyRow(sample, advantage)),
    lossOf?.(terms) ?? policyLossSpec(config, terms),
    { temperature: config.sampling.temperature },
  );
  const { gradNorm } = await policy.engine.optimStep({ learningRate });
  return { "policy/loss": loss, ...metrics, "policy/trained_tokens": counts.trainedTokens, "optim/grad_norm": gradNorm };
}

/** Parts of the config that decide the loss, beside its surrogate. */
export function policyLossTerms(
  { aggregation, entropyCoef, importance, geometricMask, offPolicyThreshold, kl }: TrainConfig,
  counts: PolicyLossTerms["counts"],
): PolicyLossTerms {
  const penalty = kl === null || kl.place !== "loss" ? null : { coef: kl.coef, estimator: kl.estimator };
  return { aggregation, entropyCoef, importance, geometricMask, offPolicyThreshold, kl: penalty, counts };
}

function policyLossSpec({ loss, clipLow, clipHigh, dualClip, sapo, vespo }: TrainConfig, terms: PolicyLossTerms): LossSpec {
  return { name: loss, clipLow, clipHigh, dualClip, sapo, vespo, ...terms };
}

/** One sample as the policy loss sees it. */
export interface PolicyRow extends TrainingRow {
  readonly fields: {
    readonly oldLogProbs: Float32Array;
    readonly samplerLogProbs: Float32Array;
    readonly advantages: Float32Array;
    /** Tokens of the row that the policy chose, at each of them. */
    readonly tokensInRow: Float32Array;
    /** Only with a KL penalty. */
    readonly refLogProbs?: Float32Array;
  };
}

/** A sample and its advantage as a row. Numbers that are the same at every token become arrays when they are read, so that a step holds none. */
export function policyRow({ rollout, oldLogProbs, samplerLogProbs, refLogProbs }: Sample, advantage: Advantage): PolicyRow {
  const { tokenIds, lossMask } = rollout.trajectory;
  const row = { tokenIds, lossMask };
  const constant = (value: number) => new Float32Array(tokenIds.length).fill(value);
  if (typeof advantage !== "number") assertSameLength({ tokenIds, advantages: advantage });
  const fields = {
    oldLogProbs,
    samplerLogProbs,
    get advantages() {
      return typeof advantage === "number" ? constant(advantage) : Float32Array.from(advantage);
    },
    get tokensInRow() {
      return constant(countTargets([row]));
    },
    ...(refLogProbs !== undefined && { refLogProbs }),
  };
  return { ...row, fields };
}

function meanOf(updates: readonly Metrics[]): Metrics {
  const mean = (name: string) => updates.reduce((sum, update) => sum + update[name]!, 0) / updates.length;
  return Object.fromEntries(Object.keys(updates[0]!).map((name) => [name, mean(name)]));
}

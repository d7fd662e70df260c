import { assertSameLength, RetoolError } from "@retool-ts/core";
import { countTargets, type Scorer } from "@retool-ts/engine";
import { hasVoidTurn } from "@retool-ts/rollout";
import type { TrainConfig } from "../train-config.js";
import type { TrainContext } from "../train-context.js";
import { advantagesOf, returnsOf } from "./advantages.js";
import type { StepRollouts } from "./collect.js";
import { toldLogProbs } from "./feedback.js";
import { addGuidance, addKLPenalty } from "./kl-penalty.js";
import type { ReferenceAndCritic } from "./reference-and-critic.js";
import { turnsOf } from "./turns.js";
import { distributionsOf, sequenceLogProbs } from "./token-log-probs.js";
import { createSample, isScored, type AdvantageSample, type GroupedRollout, type Sample, type WithMetrics } from "./sample.js";

/** Options of the estimate, beyond the config. */
export interface AdvantageOptions {
  /** Replaces the config's λ. */
  readonly gaeLambda?: number;
}

/** From graded rollouts to samples with advantages: log-probabilities, shaped rewards and values where asked for, then the estimator. */
export async function computeAdvantages<Closure>(
  context: TrainContext<Closure>,
  { reference, critic }: Pick<ReferenceAndCritic, "reference" | "critic">,
  { rollouts, keptGroups, greedyScores }: StepRollouts,
  options: AdvantageOptions = {},
): Promise<WithMetrics<AdvantageSample>> {
  const config = { ...context.config, ...options };
  const fresh = rollouts.filter((rollout) => isScored(rollout) && keptGroups.has(rollout.group)).flatMap(samplesOf);
  if (
    fresh.some(({ branchOf }) => branchOf !== undefined) &&
    (critic !== undefined || config.kl?.place === "reward" || config.advantage === "sdpo")
  )
    throw noBranches();
  const trainer = await addTrainerLogProbs(context, fresh);
  const referenced = await addReferenceLogProbs(reference, trainer.samples, config);
  const shaped = addKLPenalty(referenced, config);
  const told = config.advantage === "sdpo" ? await toldLogProbs(context, shaped.samples) : undefined;
  const values = await critic?.values(shaped.samples.map(({ rollout }) => rollout.trajectory));
  const all = shaped.samples.map((sample, i) => (values === undefined ? sample : { ...sample, values: values[i]! }));
  const samples = all.filter(({ branchOf }) => branchOf === undefined); // a rollout has one advantage, however many branches
  const inputs = {
    scores: samples.map(({ score }) => score),
    groupIds: samples.map(({ rollout }) => rollout.group),
    parts: samples.map(({ rollout }) => rollout.reward.parts),
    lossMask: samples.map(({ rollout }) => rollout.trajectory.lossMask),
    rewards: samples.map(({ rewards }) => rewards),
    ...(config.advantage === "mt-grpo" && { turns: samples.map(({ rollout }) => turnsOf(rollout, config.turnCredit)) }),
    ...(config.advantage === "otb" && { distributions: await distributionsOf(context, samples) }),
    ...(config.advantage === "dpo" && { sequenceLogProbs: sequenceLogProbs(samples) }),
    ...(told && { selfTeaching: { logProbs: samples.map(({ oldLogProbs }) => oldLogProbs), toldLogProbs: told } }),
    ...(greedyScores === undefined ? {} : { greedyScores: samples.map(({ rollout }) => greedyScores[rollout.group]!) }),
    ...(values === undefined ? {} : { values }),
  };
  const advantages = context.advantage?.(inputs) ?? advantagesOf(inputs, config);
  assertSameLength({ samples, advantages });
  const returns = values === undefined ? undefined : returnsOf(inputs, config);
  const mains = samples.map((sample, i) => ({ sample, advantage: advantages[i]!, ...(returns && { returns: returns[i]! }) }));
  const judged = samples.length === all.length ? mains : withBranches(all, mains);
  const guided = addGuidance(judged, config);
  const isVoid = ({ sample }: AdvantageSample) => hasVoidTurn(sample.rollout.trajectory);
  const voidTurnShare = judged.length === 0 ? 0 : judged.filter(isVoid).length / judged.length;
  return {
    samples: config.filterVoidTurns ? guided.samples.filter((each) => !isVoid(each)) : guided.samples, // baselines are those of the whole group
    metrics: {
      ...trainer.metrics,
      ...shaped.metrics,
      ...guided.metrics,
      "rollout/void_turn_share": voidTurnShare,
      ...(told && { "rollout/told_share": share(told) }),
    },
  };
}

/** Share of rollouts of which there was something to tell. */
function share(told: readonly unknown[]): number {
  return told.length === 0 ? 0 : told.filter((each) => each !== undefined).length / told.length;
}

/** A rollout's sample, and one for each of its branches. */
function samplesOf(rollout: GroupedRollout): Sample[] {
  const { branches = [], ...main } = rollout;
  return [createSample(rollout), ...branches.map((trajectory) => ({ ...createSample({ ...main, trajectory }), branchOf: rollout }))];
}

/**
 * Gives every branch the advantage of its rollout.
 *
 * @throws RetoolError when that is not one number.
 */
function withBranches(all: readonly Sample[], mains: readonly AdvantageSample[]): readonly AdvantageSample[] {
  const advantages = new Map(mains.map(({ sample, advantage }) => [sample.rollout, advantage]));
  return all.map((sample) => {
    const advantage = advantages.get(sample.branchOf ?? sample.rollout)!;
    if (typeof advantage !== "number") throw noBranches();
    return { sample, advantage };
  });
}

function noBranches(): RetoolError {
  const expected = "an advantage of one number a rollout (grpo, dr-grpo, rloo or remax), no critic and no KL penalty in the reward";
  return new RetoolError("BRANCHES", `rollouts with branches: expected ${expected}`);
}

/** Replaces old log-probabilities by those of the training forward where asked for, and measures how far the sampler's are from them. */
async function addTrainerLogProbs<Closure>(
  { policy, config }: TrainContext<Closure>,
  samples: readonly Sample[],
): Promise<WithMetrics<Sample>> {
  const { oldLogProbs, sampling } = config;
  if (oldLogProbs === "sampler") return { samples, metrics: {} };
  const { temperature } = sampling;
  const logProbs = await policy.engine.logProbs(samples.map(({ rollout }) => rollout.trajectory), { temperature }); // prettier-ignore
  const updated = samples.map((sample, i) => ({ ...sample, oldLogProbs: logProbs[i]! }));
  return { samples: updated, metrics: mismatch(updated) };
}

/** Trainer against sampler, over the tokens that the policy chose. */
function mismatch(samples: readonly Sample[]): Record<string, number> {
  const tokens = countTargets(samples.map(({ rollout }) => rollout.trajectory));
  let [absolute, kl, largest] = [0, 0, 0];
  for (const { rollout, oldLogProbs, samplerLogProbs } of samples) {
    rollout.trajectory.lossMask.forEach((mask, t) => {
      if (mask === 0) return;
      const difference = oldLogProbs[t]! - samplerLogProbs[t]!;
      absolute += Math.abs(difference) / tokens;
      kl += (Math.exp(difference) - difference - 1) / tokens;
      largest = Math.max(largest, Math.abs(difference));
    });
  }
  return { "mismatch/log_prob_difference": absolute, "mismatch/log_prob_difference_max": largest, "mismatch/kl": kl };
}

/** Adds the log-probabilities of a reference, if there is one. */
async function addReferenceLogProbs(
  reference: Scorer | undefined,
  samples: readonly Sample[],
  { sampling: { temperature } }: Pick<TrainConfig, "sampling">,
): Promise<readonly Sample[]> {
  if (reference === undefined) return samples;
  const logProbs = await reference.logProbs(samples.map(({ rollout }) => rollout.trajectory), { temperature }); // prettier-ignore
  return samples.map((sample, i) => ({ ...sample, refLogProbs: logProbs[i]! }));
}

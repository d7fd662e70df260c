import { assertSameLength } from "@retool-ts/core";
import { hasVoidTurn } from "@retool-ts/rollout";
import type { RunContext } from "../train-context.js";
import { advantagesOf, meanAdvantage, returnsOf, type Advantage } from "./advantages.js";
import type { StepRollouts } from "./collect.js";
import type { Companions } from "./companions.js";
import { addKLPenalty } from "./kl-penalty.js";
import { addReferenceLogProbs, addTrainerLogProbs } from "./log-probs.js";
import { createSample, isScored, type GroupedRollout, type Sample } from "./sample.js";

/** A sample with its advantage. */
export interface JudgedSample {
  readonly sample: Sample;
  readonly advantage: Advantage;
  /** What the critic is to predict at each token, when there is one. */
  readonly returns?: readonly number[];
}

/** Everything the update of a step is made from. */
export interface PreparedStep {
  readonly samples: readonly JudgedSample[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** How to judge, beyond the config. */
export interface PrepareOptions {
  /** Replaces the config's λ. */
  readonly gaeLambda?: number;
}

/** From graded rollouts to samples with advantages: log-probabilities, shaped rewards and values where asked for, then the estimator. */
export async function prepareStep(
  context: RunContext,
  { reference, critic }: Pick<Companions, "reference" | "critic">,
  { rollouts, keptGroups, greedyScores }: StepRollouts,
  options: PrepareOptions = {},
): Promise<PreparedStep> {
  const train = { ...context.config.train, ...options };
  const fresh = rollouts.filter((rollout) => isScored(rollout) && keptGroups.has(rollout.group)).map(createSample);
  const trainer = await addTrainerLogProbs(context, fresh);
  const referenced = await addReferenceLogProbs(context, reference, trainer.samples);
  const shaped = addKLPenalty(referenced, context.config.train.kl);
  const values = await critic?.values(shaped.samples.map(({ rollout }) => rollout.trajectory));
  const samples = shaped.samples.map((sample, i) => (values === undefined ? sample : { ...sample, values: values[i]! }));
  const inputs = {
    scores: samples.map(({ score }) => score),
    groupIds: samples.map(({ rollout }) => rollout.group),
    lossMask: samples.map(({ rollout }) => rollout.trajectory.lossMask),
    rewards: samples.map(({ rewards }) => rewards),
    ...(greedyScores === undefined ? {} : { greedyScores: samples.map(({ rollout }) => greedyScores[rollout.group]!) }),
    ...(values === undefined ? {} : { values }),
  };
  const advantages = context.extensions?.advantage?.(inputs) ?? advantagesOf(inputs, train);
  assertSameLength({ samples, advantages });
  const returns = values === undefined ? undefined : returnsOf(inputs, train);
  const judged = samples.map((sample, i) => ({ sample, advantage: advantages[i]!, ...(returns && { returns: returns[i]! }) }));
  const isVoid = ({ sample }: JudgedSample) => hasVoidTurn(sample.rollout.trajectory);
  const voidTurnShare = samples.length === 0 ? 0 : judged.filter(isVoid).length / samples.length;
  return {
    samples: train.filterVoidTurns ? judged.filter((each) => !isVoid(each)) : judged, // baselines are those of the whole group
    metrics: { ...trainer.metrics, ...shaped.metrics, "rollout/void_turn_share": voidTurnShare },
  };
}

/** The mean advantage of each rollout, for the record; those that are not learned from have none. */
export function recordedAdvantages(samples: readonly JudgedSample[]): ReadonlyMap<GroupedRollout, number> {
  return new Map(samples.map(({ sample: { rollout }, advantage }) => [rollout, meanAdvantage(advantage, rollout.trajectory.lossMask)]));
}

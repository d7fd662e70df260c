import { countTargets } from "@retool-ts/policy";
import { hasVoidTurn } from "@retool-ts/rollout";
import type { RunContext } from "../run-context.js";
import { advantagesOf, meanAdvantage, type Advantage } from "./advantages.js";
import type { StepRollouts } from "./collect.js";
import { createSample, isScored, type GroupedRollout, type Sample } from "./sample.js";

/** A sample with its advantage. */
export interface JudgedSample {
  readonly sample: Sample;
  readonly advantage: Advantage;
}

/** Everything the update of a step is made from. */
export interface PreparedStep {
  readonly samples: readonly JudgedSample[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** From graded rollouts to samples with advantages: log-probabilities by the trainer where asked for, then the estimator. */
export async function prepareStep(context: RunContext, { rollouts, greedyScores, metrics: sampling }: StepRollouts): Promise<PreparedStep> {
  const { train } = context.config;
  const sampled = rollouts.filter(isScored).map(createSample);
  const { samples, metrics } =
    train.oldLogProbs === "trainer" ? await withTrainerLogProbs(context, sampled) : { samples: sampled, metrics: {} };
  const advantages = advantagesOf(
    {
      scores: samples.map(({ score }) => score),
      groupIds: samples.map(({ rollout }) => rollout.group),
      lossMask: samples.map(({ rollout }) => rollout.trajectory.lossMask),
      rewards: samples.map(({ rewards }) => rewards),
      ...(greedyScores === undefined ? {} : { greedyScores: samples.map(({ rollout }) => greedyScores[rollout.group]!) }),
    },
    train,
  );
  const judged = samples.map((sample, i) => ({ sample, advantage: advantages[i]! }));
  const isVoid = ({ sample }: JudgedSample) => hasVoidTurn(sample.rollout.trajectory);
  const voidTurnShare = samples.length === 0 ? 0 : judged.filter(isVoid).length / samples.length;
  return {
    samples: train.filterVoidTurns ? judged.filter((each) => !isVoid(each)) : judged, // baselines are those of the whole group
    metrics: { ...sampling, ...metrics, "rollout/void_turn_share": voidTurnShare },
  };
}

/** The mean advantage of each rollout, for the record; those that are not scored have none. */
export function recordedAdvantages(samples: readonly JudgedSample[]): ReadonlyMap<GroupedRollout, number> {
  return new Map(samples.map(({ sample: { rollout }, advantage }) => [rollout, meanAdvantage(advantage, rollout.trajectory.lossMask)]));
}

/** Replaces the old log-probabilities by those of the training forward, and measures how far the sampler's are from them. */
async function withTrainerLogProbs({ model, config }: RunContext, samples: readonly Sample[]) {
  const { temperature } = config.train.sampling;
  const rows = samples.map(({ rollout: { trajectory } }) => trajectory);
  const logProbs = await model.engine.logProbs(rows, { temperature });
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

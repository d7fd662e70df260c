import { informativeSamples } from "@retool-ts/algorithms/advantages";
import { RandomStream } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import type { SamplingParameters } from "@retool-ts/engine";
import { gradedRollouts, withDistinctIds, type GradedRollout, type RolloutRequest, type SamplingModel } from "@retool-ts/evaluate";
import type { RolloutJournal } from "@retool-ts/rollout";
import { withPartial } from "../partial.js";
import { journalName, type TrainContext } from "../train-context.js";
import { chooseProblems, problemKind, updateRates, type SuccessRates } from "./curriculum.js";
import { isScored, type GroupedRollout } from "./sample.js";
import { applyToolMask } from "./tool-tokens.js";

/** Samples that one step of RL learns from. */
export interface StepRollouts {
  /** All rollouts of the step, group by group. */
  readonly rollouts: readonly GroupedRollout[];
  /** Groups that are learned from; with dynamic sampling not all of them are. */
  readonly keptGroups: ReadonlySet<number>;
  /** Index of the first training problem that no step has used yet. */
  readonly problemsTaken: number;
  /** With a curriculum, what is known of each kind of problem after these rollouts. */
  readonly successRates?: SuccessRates;
  /** With `remax`, the score of each group's response at temperature 0. */
  readonly greedyScores?: readonly number[];
  /** Of the sampling itself. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Rollouts to sample. */
export interface CollectRequest {
  /** Names the random numbers. */
  readonly step: number;
  /** Index of the first training problem. */
  readonly problemsTaken: number;
  /** With a curriculum, what is known of each kind of problem. */
  readonly successRates?: SuccessRates;
}

/**
 * Rolls out a step's problems with a policy and grades every rollout; dynamic sampling adds problems until enough groups can teach.
 * What an interrupted run had sampled of the step is taken from its journal.
 */
export async function collectRollouts<Closure>(
  context: TrainContext<Closure>,
  policy: SamplingModel,
  request: CollectRequest,
): Promise<StepRollouts> {
  const { environment, config, seed, problems, signal } = context;
  const { promptsPerStep, groupSize, sampling, advantage, dynamicSampling, curriculum } = config;
  const { successRates = {} } = request;
  const journaled = <T>(name: string, by: SamplingParameters, work: (journal: RolloutJournal | undefined) => Promise<T>) =>
    withPartial(context, { name, policy, sampling: by }, work);
  const roll = (
    options: Pick<RolloutRequest, "problems" | "samples" | "sampling" | "onToolCalls" | "onMetrics">,
    journal: RolloutJournal | undefined,
  ) =>
    gradedRollouts(policy, environment, { seed, step: request.step, ...(signal && { signal }), ...(journal && { journal }), ...options });
  let looked = 0;
  const taken: Problem[] = [];
  /** More problems of the step. One that comes twice, as from a small file, has two ids and so its own random numbers each time. */
  const take = (count: number, round: number) => {
    const candidates = Array.from({ length: count * (curriculum?.pool ?? 1) }, (_, i) =>
      problems.problem(request.problemsTaken + looked + i),
    );
    looked += candidates.length;
    const stream = new RandomStream(seed, ["curriculum", request.step, round]);
    taken.push(...(curriculum === null ? candidates : chooseProblems(candidates, count, successRates, curriculum.floor, stream)));
    return withDistinctIds(taken).slice(taken.length - count);
  };
  const groups: GradedRollout[][] = [];
  const kept = new Set<number>();
  const shared = { calls: 0, hits: 0 };
  const measured: Readonly<Record<string, number>>[] = [];
  const rounds = 1 + (dynamicSampling?.maxRefills ?? 0);
  await journaled(journalName(request.step), sampling, async (journal) => {
    for (let round = 0; round < rounds && kept.size < promptsPerStep && signal?.aborted !== true; round++) {
      const onToolCalls = ({ calls, hits }: typeof shared) => {
        shared.calls += calls;
        shared.hits += hits;
      };
      const next = take(promptsPerStep - kept.size, round);
      const sampled = await roll(
        { problems: next, samples: groupSize, sampling, onToolCalls, onMetrics: (metrics) => void measured.push(metrics) },
        journal,
      );
      for (const group of sampled) {
        if (dynamicSampling === null || isInformative(grouped([group]))) kept.add(groups.length);
        groups.push(group);
      }
    }
  });
  const rollouts = await applyToolMask(grouped(groups), policy.engine, config);
  const result = {
    rollouts,
    keptGroups: kept,
    problemsTaken: request.problemsTaken + looked,
    ...(curriculum !== null && { successRates: updateRates(successRates, rollouts, curriculum.memory) }),
    metrics: {
      ...meanOf(measured),
      "rollout/shared_result_share": shared.calls === 0 ? 0 : shared.hits / shared.calls,
      ...(dynamicSampling === null ? {} : { "group/sampled": groups.length, "group/kept": kept.size }),
      ...(curriculum !== null && { "curriculum/known_success": meanSuccess(taken, successRates) }),
    },
  };
  if (advantage !== "remax") return result;
  const greedy = { temperature: 0, topP: 1, topK: 0 };
  const baselines = await journaled(`${journalName(request.step)}-greedy`, greedy, (journal) =>
    roll({ problems: withDistinctIds(taken), samples: 1, sampling: greedy }, journal),
  );
  baselines.forEach(([rollout], group) => {
    if (!isScored({ ...rollout!, group })) kept.delete(group); // there is nothing to compare the group with
  });
  return { ...result, greedyScores: baselines.map(([rollout]) => rollout!.reward.score) };
}

/** True for rollouts of one problem whose scores differ. */
export function isInformative(rollouts: readonly GroupedRollout[]): boolean {
  const scored = rollouts.filter(isScored);
  return scored.length > 1 && informativeSamples(scored.map(({ reward }) => reward.score), scored.map(({ group }) => group)).length > 0; // prettier-ignore
}

/** Rollouts with the index of their group. */
export function grouped(groups: readonly (readonly GradedRollout[])[]): GroupedRollout[] {
  return groups.flatMap((rollouts, group) => rollouts.map((rollout) => ({ ...rollout, group })));
}

/** The mean of what was known of the kinds of the step's problems; half for a kind that was never tried. */
function meanSuccess(taken: readonly Problem[], rates: SuccessRates): number {
  return taken.reduce((sum, problem) => sum + (rates[problemKind(problem)] ?? 0.5), 0) / Math.max(1, taken.length);
}

/** Measures of several rounds as one. */
function meanOf(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rounds.reduce((sum, round) => sum + (round[name] ?? 0), 0) / rounds.length]));
}

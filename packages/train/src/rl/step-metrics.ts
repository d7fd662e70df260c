import { zeroVarianceGroupShare } from "@retool-ts/algorithms/advantages";
import { groupBy } from "@retool-ts/core";
import { gradedRollouts, summarizeEvaluation, type Accuracy } from "@retool-ts/evaluate";
import { summarizeRollouts, type RolloutSummary } from "@retool-ts/rollout";
import { withPartial } from "../partial.js";
import type { TrainContext } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { isScored, type GroupedRollout } from "./sample.js";

/** Measures of a step's rollouts, before any update. */
export function rolloutMetrics(rollouts: readonly GroupedRollout[]) {
  const summary = summarizeRollouts(rollouts.map(({ trajectory }) => trajectory));
  const scored = rollouts.filter(isScored);
  const scores = scored.map(({ reward }) => reward.score);
  const measures = {
    "reward/mean": mean(scores),
    ...spread(scores),
    "reward/accuracy": mean(scored.map(({ reward }) => (reward.correct ? 1 : 0))),
    ...partMeans(scored),
    ...groupMetrics(scored),
    "rollout/code_ratio": summary.codeRatio,
    "rollout/call_pass_rate": summary.callPassRate,
    "rollout/last_call_pass_rate": summary.lastCallPassRate,
    "rollout/code_lines": summary.meanCodeLines,
    "rollout/turns": summary.meanTurns,
    "rollout/tool_calls": summary.meanToolCalls,
    "rollout/response_tokens": summary.meanResponseTokens,
    ...lengthsByVerdict(scored),
    "rollout/call_timing": summary.meanCallTiming,
    ...callStatuses(rollouts),
    ...toolMetrics(summary.tools),
    ...Object.fromEntries(Object.entries(summary.stopReasons).map(([reason, share]) => [`stop/${reason}`, share])),
  };
  return measures;
}

/** Standard deviation and extremes of scores. */
function spread(scores: readonly number[]) {
  const center = mean(scores);
  return {
    "reward/std": Math.sqrt(mean(scores.map((score) => (score - center) ** 2))),
    "reward/min": scores.reduce((least, score) => Math.min(least, score), Infinity),
    "reward/max": scores.reduce((most, score) => Math.max(most, score), -Infinity),
  };
}

/** Groups that teach nothing, and why: all of their samples score the same, as all are right or all are wrong. */
function groupMetrics(scored: readonly GroupedRollout[]) {
  const groups = [...groupBy(scored, ({ group }) => group).values()];
  const share = (holds: (group: readonly GroupedRollout[]) => boolean) => mean(groups.map((group) => (holds(group) ? 1 : 0)));
  return {
    "group/zero_variance_share": zeroVarianceGroupShare(
      scored.map(({ reward }) => reward.score),
      scored.map(({ group }) => group),
    ),
    "group/all_right_share": share((group) => group.every(({ reward }) => reward.correct)),
    "group/all_wrong_share": share((group) => group.every(({ reward }) => !reward.correct)),
  };
}

/** Tokens after the prompt, of right and of wrong rollouts. */
function lengthsByVerdict(scored: readonly GroupedRollout[]) {
  const tokens = (right: boolean) =>
    mean(
      scored.filter(({ reward }) => reward.correct === right).map(({ trajectory }) => trajectory.tokenIds.length - trajectory.promptLength),
    );
  return { "rollout/response_tokens_right": tokens(true), "rollout/response_tokens_wrong": tokens(false) };
}

/** Ends of calls, as shares of all; those that the clock ended are no doing of the policy's. */
function callStatuses(rollouts: readonly GroupedRollout[]): Record<string, number> {
  const calls = rollouts.flatMap(({ trajectory }) => trajectory.toolCalls.map(({ status }) => status));
  const share = (status: string) => (calls.length === 0 ? 0 : calls.filter((each) => each === status).length / calls.length);
  const others = [...new Set(calls)].filter((status) => status !== "ok" && status !== "timeout").sort();
  return { "sandbox/clock_share": share("timeout"), ...Object.fromEntries(others.map((status) => [`call/${status}`, share(status)])) };
}

/** Each tool's own measures, where there are several: calls per rollout, and the share that ran without an error. */
function toolMetrics(tools: RolloutSummary["tools"]): Record<string, number> {
  const used = Object.entries(tools);
  if (used.length < 2) return {};
  return Object.fromEntries(
    used.flatMap(([name, { meanCalls, passRate }]) => [
      [`tool/${name}/calls`, meanCalls],
      [`tool/${name}/pass_rate`, passRate],
    ]),
  );
}

/** The mean of what each term of the reward added, by its name. */
function partMeans(rollouts: readonly GroupedRollout[]): Record<string, number> {
  const names = Object.keys(rollouts[0]?.reward.parts ?? {});
  return Object.fromEntries(names.map((name) => [`reward/part/${name}`, mean(rollouts.map(({ reward }) => reward.parts[name] ?? 0))]));
}

/** Sampling of held-out problems, unless the caller says otherwise. */
const SAMPLING = { temperature: 1, topP: 0.7, topK: 0 };

/** Measures on held-out problems, by the names of their metrics. */
export interface HeldOutMetrics extends Readonly<Record<string, number>> {
  readonly "eval/accuracy": number;
}

/**
 * Accuracy and tool use on held-out problems, at the steps that ask for it. An interruption waits for its end: the step's weights are
 * new already, and its record is to be the same as without the interruption.
 */
export async function evaluateHeldOut<Closure>(
  context: TrainContext<Closure>,
  { step, totalSteps }: RlState,
): Promise<HeldOutMetrics | undefined> {
  const { config, seed, policy, environment, heldOut } = context;
  const { evaluateEvery } = config;
  if (heldOut === undefined || evaluateEvery === null || step % evaluateEvery !== 0) return undefined;
  const { problems, samples = 1, sampling = SAMPLING } = heldOut;
  const groups = await withPartial(context, { name: `eval-${totalSteps}`, policy, sampling }, (journal) =>
    gradedRollouts(policy, environment, { problems, samples, sampling, seed, step: totalSteps, ...(journal && { journal }) }),
  );
  const evaluation = summarizeEvaluation(groups);
  const { rollouts, levels, families } = evaluation;
  return {
    ...accuracyMetrics("eval", evaluation),
    ...partMetrics("eval/level", levels),
    ...partMetrics("eval/family", families),
    "eval/code_ratio": rollouts.codeRatio,
    "eval/response_tokens": rollouts.meanResponseTokens,
  };
}

/** An accuracy with the number of its problems and its 95 % interval. */
function accuracyMetrics<Prefix extends string>(prefix: Prefix, { accuracy, ci95: [low, high], n }: Accuracy) {
  return {
    [`${prefix}/accuracy`]: accuracy,
    [`${prefix}/accuracy_low`]: low,
    [`${prefix}/accuracy_high`]: high,
    [`${prefix}/problems`]: n,
  } as Record<`${Prefix}/${"accuracy" | "accuracy_low" | "accuracy_high" | "problems"}`, number>;
}

/** Levels or families beyond which a step's record would be more names than figures. */
const MOST_PARTS = 32;

/** Accuracy of each of several parts of the held-out problems; of a single part it is that of the whole. */
function partMetrics(prefix: string, parts: Readonly<Record<string, Accuracy>>): Record<string, number> {
  const entries = Object.entries(parts);
  if (entries.length < 2 || entries.length > MOST_PARTS) return {};
  return Object.assign({}, ...entries.map(([name, part]) => accuracyMetrics(`${prefix}/${name}`, part))) as Record<string, number>;
}

/** True for a higher accuracy than any before; of equal ones, the first stays the best. */
export function isBest(heldOut: HeldOutMetrics, { best }: RlState): boolean {
  return heldOut["eval/accuracy"] > (best?.accuracy ?? -1);
}

/** Seconds of a step's parts, and the speed of sampling. */
export function stepTimings({ started, sampled, rollouts }: StepClock): Record<string, number> {
  const now = performance.now();
  const tokens = rollouts.reduce((sum, { trajectory }) => sum + trajectory.tokenIds.length - trajectory.promptLength, 0);
  return {
    "time/rollout": (sampled - started) / 1_000,
    "time/update": (now - sampled) / 1_000,
    "time/step": (now - started) / 1_000,
    "rollout/tokens_per_second": tokens / ((sampled - started) / 1_000),
  };
}

interface StepClock {
  /** Milliseconds. */
  readonly started: number;
  readonly sampled: number;
  readonly rollouts: readonly GroupedRollout[];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import { zeroVarianceGroupShare } from "@retool-ts/algorithms";
import { summarizeRollouts, type RolloutSummary } from "@retool-ts/rollout";
import { gradedRollouts, summarizeEvaluation } from "@retool-ts/evaluate";
import { withPartial } from "../partial/partial-rollouts.js";
import { heldOutProblems } from "../../../../apps/retool/src/setup/problem-source.js";
import type { RunContext } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { isScored, type GroupedRollout } from "./sample.js";

/** What the step's rollouts show, before any update. */
export function rolloutMetrics(rollouts: readonly GroupedRollout[]): Record<string, number> {
  const summary = summarizeRollouts(rollouts.map(({ trajectory }) => trajectory));
  const scored = rollouts.filter(isScored);
  return {
    "reward/mean": mean(rollouts.map(({ reward }) => reward.score)),
    "reward/accuracy": mean(rollouts.map(({ reward }) => (reward.correct ? 1 : 0))),
    ...partMeans(rollouts),
    "group/zero_variance_share": zeroVarianceGroupShare(
      scored.map(({ reward }) => reward.score),
      scored.map(({ group }) => group),
    ),
    "rollout/code_ratio": summary.codeRatio,
    "rollout/call_pass_rate": summary.callPassRate,
    "rollout/last_call_pass_rate": summary.lastCallPassRate,
    "rollout/code_lines": summary.meanCodeLines,
    "rollout/turns": summary.meanTurns,
    "rollout/tool_calls": summary.meanToolCalls,
    "rollout/response_tokens": summary.meanResponseTokens,
    "rollout/call_timing": summary.meanCallTiming,
    ...toolMetrics(summary.tools),
    ...Object.fromEntries(Object.entries(summary.stopReasons).map(([reason, share]) => [`stop/${reason}`, share])),
  };
}

/** Each tool's own measures, where there are several: calls a rollout, and the share that ran without an error. */
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

/**
 * Accuracy and tool use on held-out problems, at the steps that ask for it. An interruption waits for its end: the step's weights are
 * new already, and its record is to be the same as without the interruption.
 */
export async function heldOutMetrics(
  context: RunContext,
  { step, totalSteps }: RlState,
): Promise<{ readonly accuracy: number; readonly codeRatio: number; readonly responseTokens: number } | undefined> {
  const { config, model, environment } = context;
  const { evaluateEvery } = config.train;
  if (evaluateEvery === null || step % evaluateEvery !== 0) return undefined;
  const { problems: count, samples, sampling } = config.eval;
  const problems = await heldOutProblems(config.data.test, count);
  const name = `eval-${totalSteps}`;
  const groups = await withPartial(context, { name, policy: model, sampling }, (journal) =>
    gradedRollouts(model, environment, { problems, samples, sampling, seed: config.seed, step: totalSteps, journal }),
  );
  const { accuracy, rollouts } = summarizeEvaluation(groups);
  return { accuracy, codeRatio: rollouts.codeRatio, responseTokens: rollouts.meanResponseTokens };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

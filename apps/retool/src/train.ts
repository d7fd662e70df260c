import { zeroVarianceGroupShare } from "@retool-ts/algorithms";
import { countTargets, learningRateAt } from "@retool-ts/policy";
import { summarizeRollouts } from "@retool-ts/rollout";
import { gradedRollouts, MAX_SEQUENCES, summarizeEvaluation, type GradedRollout } from "./evaluate.js";
import { advantagesOf, policyLoss, policyRow, type PolicyRow, type StepCounts } from "./objective.js";
import { heldOutProblems, trainingProblems } from "./problem-source.js";
import type { RecipeConfig } from "./recipe-config.js";
import { stepName } from "./run-folder.js";
import { saveCheckpoint, scheduleOf, type RunContext, type RunState } from "./run-context.js";
import { toRecord } from "./trajectory-record.js";

type RlState = Extract<RunState, { phase: "rl" }>;

/** A graded rollout with its advantage; undefined for rollouts that are not scored because the tool itself failed. */
interface ScoredRollout extends GradedRollout {
  /** Index of the problem in the step. */
  readonly group: number;
  readonly advantage: number | undefined;
}

/**
 * Reinforcement learning with GRPO on interleaved rollouts: rollout → reward → advantages → update → log → checkpoint.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3, and Shao et al., "DeepSeekMath" (https://arxiv.org/abs/2402.03300),
 * section 4.1. Resumes from any state, to the bit.
 */
export async function runRl(context: RunContext, from: RlState): Promise<RlState> {
  const { config, model, environment, run, reporter, signal } = context;
  const { steps, promptsPerStep, groupSize, sampling } = config.train;
  const source = await trainingProblems(config.data.train, config.seed);
  const schedule = scheduleOf(config.train.learningRate, steps);
  if (from.step === 0) model.engine.optimizer.reset();
  const bar = reporter.progress("GRPO", steps, from.step);
  let state = from;
  while (state.step < steps) {
    const started = performance.now();
    const problems = Array.from({ length: promptsPerStep }, (_, i) => source.problem(state.step * promptsPerStep + i));
    const groups = await gradedRollouts(model, environment, {
      problems,
      samples: groupSize,
      sampling,
      seed: config.seed,
      step: state.step,
      maxSequences: promptsPerStep * groupSize,
      ...(signal === undefined ? {} : { signal }),
    });
    if (signal?.aborted) {
      await saveCheckpoint(context, state);
      signal.throwIfAborted();
    }
    const sampled = performance.now();

    const scored = scoreGroups(groups, config);
    const rows = trainingRows(scored, config);
    const learningRate = learningRateAt(state.step, schedule);
    const update = await updatePolicy(context, rows, learningRate);
    state = { ...state, step: state.step + 1, totalSteps: state.totalSteps + 1 };

    const rewardMean = mean(scored.map(({ reward }) => reward.score));
    await run.appendMetrics({
      phase: "rl",
      step: state.totalSteps,
      "rl/step": state.step,
      ...rolloutMetrics(scored),
      ...update,
      "optim/learning_rate": learningRate,
      ...(await heldOutMetrics(context, state)),
    });
    const tokens = scored.reduce((sum, { trajectory }) => sum + trajectory.tokenIds.length - trajectory.promptLength, 0);
    await run.appendTimings({
      phase: "rl",
      step: state.totalSteps,
      "time/rollout": (sampled - started) / 1_000,
      "time/update": (performance.now() - sampled) / 1_000,
      "time/step": (performance.now() - started) / 1_000,
      "rollout/tokens_per_second": tokens / ((sampled - started) / 1_000),
    });
    const last = state.step === steps;
    if (last || state.step % config.train.trajectoriesEvery === 0) {
      await run.writeTrajectories(
        stepName(state.totalSteps),
        scored.map((rollout) => toRecord(rollout, { phase: "train", step: state.totalSteps })),
      );
    }
    if (last || state.step % config.train.saveEvery === 0) await saveCheckpoint(context, state);
    bar.update(
      state.step,
      `reward ${rewardMean.toFixed(2)}, code ${(100 * summarizeRollouts(scored.map(({ trajectory }) => trajectory)).codeRatio).toFixed(0)} %`,
    );
  }
  bar.done();
  return state;
}

/** Advantages within each group; rollouts that the machinery spoiled take no part. */
function scoreGroups(groups: readonly (readonly GradedRollout[])[], { train }: RecipeConfig): ScoredRollout[] {
  const rollouts = groups.flatMap((group, id) => group.map((rollout) => ({ rollout, id })));
  const valid = rollouts.filter(
    ({ rollout: { trajectory } }) => trajectory.stopReason !== "toolFailed" && trajectory.stopReason !== "aborted",
  );
  const advantages = advantagesOf(
    valid.map(({ rollout }) => rollout.reward.score),
    valid.map(({ id }) => id),
    train,
  );
  const byRollout = new Map(valid.map(({ rollout }, i) => [rollout, advantages[i]!]));
  return rollouts.map(({ rollout, id }) => ({ ...rollout, group: id, advantage: byRollout.get(rollout) }));
}

interface StepRows {
  /** Rows that are trained on. */
  readonly rows: readonly PolicyRow[];
  readonly counts: StepCounts;
}

/**
 * Rows for the update. Without an entropy bonus, a row whose advantage is 0 has neither loss nor gradient, so it costs no work; it
 * still counts where losses are averaged.
 */
function trainingRows(scored: readonly ScoredRollout[], { train }: RecipeConfig): StepRows {
  const all = scored.flatMap(({ trajectory: { tokenIds, lossMask, logProbs }, advantage }) =>
    advantage === undefined ? [] : [{ advantage, row: policyRow(tokenIds, lossMask, logProbs, advantage) }],
  );
  const rows = all.filter(({ advantage }) => advantage !== 0 || train.entropyCoef > 0).map(({ row }) => row);
  const tokens = countTargets(all.map(({ row }) => row));
  return { rows, counts: { tokens, rollouts: all.length, trainedTokens: countTargets(rows), trainedRows: rows.length } };
}

/** One update of the policy on the whole step. */
async function updatePolicy({ config, model }: RunContext, { rows, counts }: StepRows, learningRate: number) {
  const { trainedTokens } = counts;
  if (trainedTokens === 0) return { "policy/loss": 0, "policy/trained_tokens": 0, "optim/grad_norm": 0 };
  const loss = policyLoss(config.train, counts);
  const { loss: value, metrics } = await model.engine.forwardBackward(rows, { loss, temperature: config.train.sampling.temperature });
  const { gradNorm } = await model.engine.optimStep({ learningRate });
  return { "policy/loss": value, ...metrics, "policy/trained_tokens": trainedTokens, "optim/grad_norm": gradNorm };
}

/**
 * Accuracy and tool use on held-out problems, at the steps that ask for it. An interruption waits for its end: the step's weights are
 * new already, and its record is to be the same as without the interruption.
 */
async function heldOutMetrics({ config, model, environment }: RunContext, { step, totalSteps }: RlState): Promise<Record<string, number>> {
  const { evaluateEvery } = config.train;
  if (evaluateEvery === null || step % evaluateEvery !== 0) return {};
  const groups = await gradedRollouts(model, environment, {
    problems: await heldOutProblems(config.data.test, config.eval.problems),
    samples: config.eval.samples,
    sampling: config.eval.sampling,
    seed: config.seed,
    step: totalSteps,
    maxSequences: MAX_SEQUENCES,
  });
  const { accuracy, rollouts } = summarizeEvaluation(groups);
  return { "eval/accuracy": accuracy, "eval/code_ratio": rollouts.codeRatio };
}

function rolloutMetrics(scored: readonly ScoredRollout[]): Record<string, number> {
  const summary = summarizeRollouts(scored.map(({ trajectory }) => trajectory));
  const valid = scored.filter(({ advantage }) => advantage !== undefined);
  return {
    "reward/mean": mean(scored.map(({ reward }) => reward.score)),
    "reward/accuracy": mean(scored.map(({ reward }) => (reward.correct ? 1 : 0))),
    "group/zero_variance_share": zeroVarianceGroupShare(
      valid.map(({ reward }) => reward.score),
      valid.map(({ group }) => group),
    ),
    "rollout/code_ratio": summary.codeRatio,
    "rollout/call_pass_rate": summary.callPassRate,
    "rollout/turns": summary.meanTurns,
    "rollout/tool_calls": summary.meanToolCalls,
    "rollout/response_tokens": summary.meanResponseTokens,
    "rollout/call_timing": summary.meanCallTiming,
    ...Object.fromEntries(Object.entries(summary.stopReasons).map(([reason, share]) => [`stop/${reason}`, share])),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

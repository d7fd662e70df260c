import { learningRateAt } from "@retool-ts/policy";
import { trainingProblems } from "./problem-source.js";
import { collectRollouts } from "./rl/collect.js";
import { prepareStep, recordedAdvantages } from "./rl/prepare.js";
import { heldOutMetrics, rolloutMetrics } from "./rl/step-metrics.js";
import { updatePolicy } from "./rl/update.js";
import { stepName } from "./run-folder.js";
import { saveCheckpoint, scheduleOf, type RlState, type RunContext } from "./run-context.js";
import { toRecord } from "./trajectory-record.js";

/**
 * Reinforcement learning on interleaved rollouts: rollout → reward → advantages → update → log → checkpoint.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3, and Shao et al., "DeepSeekMath" (https://arxiv.org/abs/2402.03300),
 * section 4.1. Each part is a file in `rl/`. Resumes from any state, to the bit.
 */
export async function runRl(context: RunContext, from: RlState): Promise<RlState> {
  const { config, model, run, reporter, signal } = context;
  const { steps, saveEvery, trajectoriesEvery } = config.train;
  const problems = await trainingProblems(config.data.train, config.seed);
  const schedule = scheduleOf(config.train.learningRate, steps);
  if (from.step === 0) model.engine.optimizer.reset();
  const bar = reporter.progress("RL", steps, from.step);
  let state = from;
  while (state.step < steps) {
    const started = performance.now();
    const collected = await collectRollouts(context, problems, state);
    if (signal?.aborted) {
      await saveCheckpoint(context, state);
      signal.throwIfAborted();
    }
    const sampled = performance.now();
    const { rollouts } = collected;

    const prepared = await prepareStep(context, collected);
    const learningRate = learningRateAt(state.step, schedule);
    const update = await updatePolicy(context, prepared.samples, { step: state.step, learningRate });
    state = { ...state, step: state.step + 1, totalSteps: state.totalSteps + 1 };

    const metrics = rolloutMetrics(rollouts);
    await run.appendMetrics({
      phase: "rl",
      step: state.totalSteps,
      "rl/step": state.step,
      ...metrics,
      ...prepared.metrics,
      ...update,
      "optim/learning_rate": learningRate,
      ...(await heldOutMetrics(context, state)),
    });
    const tokens = rollouts.reduce((sum, { trajectory }) => sum + trajectory.tokenIds.length - trajectory.promptLength, 0);
    await run.appendTimings({
      phase: "rl",
      step: state.totalSteps,
      "time/rollout": (sampled - started) / 1_000,
      "time/update": (performance.now() - sampled) / 1_000,
      "time/step": (performance.now() - started) / 1_000,
      "rollout/tokens_per_second": tokens / ((sampled - started) / 1_000),
    });
    const last = state.step === steps;
    if (last || state.step % trajectoriesEvery === 0) {
      const advantages = recordedAdvantages(prepared.samples);
      await run.writeTrajectories(
        stepName(state.totalSteps),
        rollouts.map((rollout) => toRecord({ ...rollout, advantage: advantages.get(rollout) }, { phase: "train", step: state.totalSteps })),
      );
    }
    if (last || state.step % saveEvery === 0) await saveCheckpoint(context, state);
    bar.update(state.step, `reward ${metrics["reward/mean"]!.toFixed(2)}, code ${(100 * metrics["rollout/code_ratio"]!).toFixed(0)} %`);
  }
  bar.done();
  return state;
}

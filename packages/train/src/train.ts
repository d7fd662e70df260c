import { trainingProblems } from "../../../apps/retool/src/setup/problem-source.js";
import { openCompanions, type Companions } from "./rl/companions.js";
import { prepareStep, recordedAdvantages } from "./rl/prepare.js";
import { pretrainCritic } from "./rl/pretrain-critic.js";
import { openRollouts, type RolloutSource } from "./rl/rollout-source.js";
import { heldOutMetrics, rolloutMetrics } from "./rl/step-metrics.js";
import { updateModels } from "./rl/update.js";
import { stepName } from "@retool-ts/runs";
import { saveCheckpoint, type RunContext } from "./train-context.js";
import type { RlState } from "./train-state.js";
import { toRecord } from "@retool-ts/runs";

/**
 * Reinforcement learning on interleaved rollouts: rollout → reward → advantages → update → log → checkpoint.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3, and Shao et al., "DeepSeekMath" (https://arxiv.org/abs/2402.03300),
 * section 4.1. Each part is a file in `rl/`. Resumes from any state, to the bit.
 */
export async function runRl(context: RunContext, from: RlState): Promise<RlState> {
  const { config, model } = context;
  const problems = await trainingProblems(config.data.train, config.seed, context.reporter);
  if (from.step === 0) model.engine.optimizer.reset();
  const companions = await openCompanions(context, from);
  try {
    const begin = await pretrainCritic(context, companions, problems, from);
    const rollouts = await openRollouts(context, problems, begin);
    try {
      return await runSteps(context, companions, rollouts, begin);
    } finally {
      await rollouts.close();
    }
  } finally {
    companions.dispose();
  }
}

async function runSteps(context: RunContext, companions: Companions, source: RolloutSource, from: RlState): Promise<RlState> {
  const { config, run, reporter, signal } = context;
  const { steps, saveEvery, trajectoriesEvery } = config.train;
  const bar = reporter.progress("RL", steps, from.step);
  let state = from;
  while (state.step < steps) {
    const started = performance.now();
    const collected = await source.next(state);
    if (signal?.aborted) {
      await saveCheckpoint(context, state, [companions, source]);
      signal.throwIfAborted();
    }
    const sampled = performance.now();
    const { rollouts } = collected;

    const prepared = await prepareStep(context, companions, collected);
    const update = await updateModels(context, companions, prepared.samples, state.step);
    state = { ...state, step: state.step + 1, totalSteps: state.totalSteps + 1, problemsTaken: collected.problemsTaken };

    const metrics = rolloutMetrics(rollouts);
    const heldOut = await heldOutMetrics(context, state);
    const improved = heldOut !== undefined && heldOut.accuracy > (state.best?.accuracy ?? -1);
    if (improved) state = { ...state, best: { step: state.totalSteps, accuracy: heldOut.accuracy } };
    await run.appendMetrics({
      phase: "rl",
      step: state.totalSteps,
      "rl/step": state.step,
      ...metrics,
      ...collected.metrics,
      ...prepared.metrics,
      ...update,
      ...(heldOut === undefined
        ? {}
        : { "eval/accuracy": heldOut.accuracy, "eval/code_ratio": heldOut.codeRatio, "eval/response_tokens": heldOut.responseTokens }),
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
    if (last || improved || state.step % saveEvery === 0) await saveCheckpoint(context, state, [companions, source]);
    bar.update(state.step, `reward ${metrics["reward/mean"]!.toFixed(2)}, code ${(100 * metrics["rollout/code_ratio"]!).toFixed(0)} %`);
  }
  bar.done();
  return state;
}

import type { ProblemSource } from "../../../../apps/retool/src/setup/problem-source.js";
import { saveCheckpoint, type RunContext } from "../train-context.js";
import type { RlState } from "../train-state.js";
import { collectRollouts } from "./collect.js";
import type { Companions } from "./companions.js";
import { prepareStep } from "./prepare.js";
import { updateCritic } from "./update-critic.js";

/**
 * Value pretraining: the critic learns whole returns (λ = 1) of the policy that RL begins with, which stays as it is. A critic that
 * starts from the policy's weights would otherwise mislead the first updates.
 *
 * Yuan et al., "What's Behind PPO's Collapse in Long-CoT? Value Optimization Holds the Secret" (https://arxiv.org/abs/2503.01491).
 */
export async function pretrainCritic(
  context: RunContext,
  companions: Companions,
  problems: ProblemSource,
  from: RlState,
): Promise<RlState> {
  const { config, model, run, signal } = context;
  const { critic: options, promptsPerStep, saveEvery } = config.train;
  const { critic } = companions;
  let state = from;
  if (critic === undefined || state.step > 0) return state;
  while ((state.criticSteps ?? 0) < options.pretrainSteps) {
    const done = state.criticSteps ?? 0;
    const request = { step: -1 - done, problemsTaken: state.problemsTaken ?? done * promptsPerStep };
    const collected = await collectRollouts(context, model, problems, request);
    if (signal?.aborted) {
      await saveCheckpoint(context, state, [companions]);
      signal.throwIfAborted();
    }
    const { samples } = await prepareStep(context, companions, collected, { gaeLambda: 1 });
    const metrics = await updateCritic(context, critic, samples, { step: request.step, learningRate: options.learningRate.peak });
    state = { ...state, criticSteps: done + 1, totalSteps: state.totalSteps + 1, problemsTaken: collected.problemsTaken };
    await run.appendMetrics({ phase: "critic", step: state.totalSteps, ...metrics });
    const last = state.criticSteps === options.pretrainSteps;
    if (last || state.criticSteps! % saveEvery === 0) await saveCheckpoint(context, state, [companions]);
  }
  return state;
}

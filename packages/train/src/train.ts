import { RetoolError } from "@retool-ts/core";
import type { ProblemSource } from "@retool-ts/data";
import type { PolicyLossTerms, Scorer } from "@retool-ts/engine";
import type { Environment, GradedRollout, PolicyModel } from "@retool-ts/evaluate";
import { MemoryRecorder } from "./recorder.js";
import { silentReporter } from "./reporter.js";
import type { AdvantageFunction } from "./rl/advantages.js";
import { pretrainCritic } from "./rl/critic-update.js";
import { openReferenceAndCritic, type ReferenceAndCritic } from "./rl/reference-and-critic.js";
import { computeAdvantages } from "./rl/prepare.js";
import { openRecorded } from "./rl/recorded-source.js";
import { openRollouts, type RolloutSource } from "./rl/rollout-source.js";
import { evaluateHeldOut, isBest, rolloutMetrics, stepTimings } from "./rl/step-metrics.js";
import { writeRollouts } from "./rl/recorded-rollouts.js";
import { updateModels } from "./rl/update.js";
import { runSteps, type FinishedStep } from "./step-loop.js";
import { readTrainConfig, type TrainConfigInput } from "./train-config.js";
import { saveCheckpoint, type RunParts, type TrainContext } from "./train-context.js";
import { RL_START, type RlState } from "./train-state.js";

/** Everything that a training run is made of; `policy`, `environment`, `problems` and `config` suffice. */
export interface TrainOptions<Closure = never> extends Partial<
  Pick<TrainContext<Closure>, "seed" | "recorder" | "reporter" | "signal" | "heldOut" | "onMetrics" | "onRollouts">
> {
  readonly policy: PolicyModel<Closure>;
  readonly environment: Environment;
  /** Problems by index; `problemList` of `@retool-ts/data` makes one of an array. */
  readonly problems: ProblemSource;
  readonly config: TrainConfigInput;
  /** Groups of recorded rollouts to learn from; none is sampled then, and `problems` is not asked. */
  readonly rollouts?: readonly (readonly GradedRollout[])[];
  /** State to go on from; default: the beginning. */
  readonly from?: RlState;
  /** The frozen policy of a KL penalty; default: the policy that the run begins with. */
  readonly reference?: Scorer;
  /** Instead of `config.advantage`. With `gae` it is given a critic's values as well. */
  readonly advantage?: AdvantageFunction;
  /** Instead of `config.loss`, for an engine that runs functions; `policyLossWith` of `@retool-ts/algorithms` makes one. */
  readonly loss?: (terms: PolicyLossTerms) => Closure;
}

/**
 * Reinforcement learning on interleaved rollouts: sample → advantages → update → evaluate → record → checkpoint.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.3, and Shao et al., "DeepSeekMath" (https://arxiv.org/abs/2402.03300),
 * section 4.1. Goes on from any state, to the bit.
 *
 * @returns the state after the last step.
 * @throws InputError when the config is wrong. An interruption by `signal` throws its reason, after a checkpoint.
 */
export async function train<Closure = never>(options: TrainOptions<Closure>): Promise<RlState> {
  const { from = RL_START, config, ...given } = options;
  const defaults = { seed: 1, recorder: new MemoryRecorder(), reporter: silentReporter };
  const context: TrainContext<Closure> = { ...defaults, ...given, config: readTrainConfig(config, given.advantage) };
  checkHeldOut(context);
  if (from.step === 0) await context.policy.engine.resetOptimizer();
  const models = await openReferenceAndCritic(context, from);
  try {
    const begin = await pretrainCritic(context, models, from);
    const source = context.rollouts === undefined ? await openRollouts(context, begin) : openRecorded(context, context.rollouts);
    try {
      return await runSteps(
        context as RunParts<Closure>,
        {
          label: "RL",
          steps: context.config.steps,
          count: ({ step }) => step,
          step: (state) => trainStep(context, models, source, state),
          learnsFromScores: context.config.advantage !== "none" || context.advantage !== undefined,
          save: (state) => saveCheckpoint(context, context.config, state, [models, source]),
        },
        begin,
      );
    } finally {
      await source.close();
    }
  } finally {
    models.dispose();
  }
}

/** @throws RetoolError when held-out problems could not be told apart at the first evaluation. */
function checkHeldOut<Closure>({ heldOut }: Pick<TrainContext<Closure>, "heldOut">): void {
  const ids = heldOut?.problems.map(({ id }) => id) ?? [];
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined)
    throw new RetoolError("PROBLEM_ID", `heldOut: expected problems with different ids, got ${twice} twice; see withDistinctIds`);
}

/** One step; undefined when it was interrupted before the update. */
async function trainStep<Closure>(
  context: TrainContext<Closure>,
  models: ReferenceAndCritic,
  source: RolloutSource,
  before: RlState,
): Promise<FinishedStep<RlState> | undefined> {
  const { config } = context;
  const started = performance.now();
  const collected = await source.next(before);
  if (collected === undefined) return undefined;
  const sampled = performance.now();
  const { rollouts } = collected;

  const prepared = await computeAdvantages(context, models, collected);
  const update = await updateModels(context, models, prepared.samples, before.step);
  let state: RlState = {
    ...before,
    step: before.step + 1,
    totalSteps: before.totalSteps + 1,
    problemsTaken: collected.problemsTaken,
    ...(collected.successRates && { successRates: collected.successRates }),
  };

  context.onRollouts?.(rollouts, state.totalSteps);
  const metrics = rolloutMetrics(rollouts);
  const heldOut = await evaluateHeldOut(context, state);
  const improved = heldOut !== undefined && isBest(heldOut, state);
  if (improved) state = { ...state, best: { step: state.totalSteps, accuracy: heldOut["eval/accuracy"] } };

  const last = state.step === config.steps;
  if (last || state.step % config.trajectoriesEvery === 0) await writeRollouts(context, state.totalSteps, rollouts, prepared.samples);
  return {
    state,
    metrics: { phase: "rl", step: state.totalSteps, "rl/step": state.step, ...metrics, ...collected.metrics, ...prepared.metrics, ...update, ...heldOut }, // prettier-ignore
    timings: { phase: "rl", step: state.totalSteps, ...stepTimings({ started, sampled, rollouts }) },
    note: `reward ${metrics["reward/mean"].toFixed(2)}, code ${(100 * metrics["rollout/code_ratio"]).toFixed(0)} %`,
    save: last || improved || state.step % config.saveEvery === 0,
  };
}

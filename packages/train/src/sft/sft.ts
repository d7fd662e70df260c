import { RetoolError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { countTargets, type SamplingParameters, type Scorer, type TrainingRow } from "@retool-ts/engine";
import { gradedRollouts, summarizeEvaluation } from "@retool-ts/evaluate";
import { readConfig } from "../config-parts.js";
import { MemoryRecorder } from "../recorder.js";
import { silentReporter } from "../reporter.js";
import { learningRateAt } from "../schedule.js";
import { runSteps, type FinishedStep } from "../step-loop.js";
import { saveCheckpoint, scheduleOf, type RunParts } from "../train-context.js";
import { SFT_START, type SftState } from "../train-state.js";
import type { RowStream } from "./row-stream.js";
import { SftConfig, type SftConfigInput, type SftStage } from "./sft-config.js";

/** Problems by which a stage decides to stop, and how they are sampled. */
export interface Validation {
  /** Problems of the training side; none is held out. */
  problems(count: number): readonly Problem[] | Promise<readonly Problem[]>;
  readonly sampling: SamplingParameters;
}

/** Everything that supervised training is made of. */
export interface SftOptions<Closure = never>
  extends
    Omit<RunParts<Closure>, "seed" | "recorder" | "reporter" | "signal" | "onMetrics">,
    Partial<Pick<RunParts<Closure>, "seed" | "recorder" | "reporter" | "signal" | "onMetrics">> {
  readonly config: SftConfigInput;
  /** The rows of a stage: a {@link ColdStartStream}, a {@link ConversationStream}, or one of your own. */
  openRows(stage: SftStage): RowStream | Promise<RowStream>;
  /** Needed by stages with `stopAtAccuracy`. */
  readonly validation?: Validation;
  /** Checkpoints that stay beside the newest; default 2. */
  readonly keepCheckpoints?: number;
  /** State to go on from; default: the beginning. */
  readonly from?: SftState;
}

/** Things that all parts of supervised training share. */
interface SftContext<Closure> extends RunParts<Closure>, Pick<SftOptions<Closure>, "openRows" | "validation"> {
  readonly config: SftConfig;
  readonly keepCheckpoints: number;
}

/**
 * Supervised fine-tuning, stage after stage. Prompt and interpreter text carry no loss.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.2. Goes on from any state, to the bit.
 *
 * @returns the state after the last stage.
 */
export async function sft<Closure = never>(options: SftOptions<Closure>): Promise<SftState> {
  const { from = SFT_START, config, ...given } = options;
  const context: SftContext<Closure> = {
    seed: 1,
    recorder: new MemoryRecorder(),
    reporter: silentReporter,
    keepCheckpoints: 2,
    ...given,
    config: readConfig(SftConfig, config, "sft"),
  };
  const stops = context.config.stages.find(({ stopAtAccuracy }) => stopAtAccuracy !== null);
  if (stops !== undefined && context.validation === undefined) {
    throw new RetoolError("OPTION", `stage ${stops.name}: stopAtAccuracy needs the option validation, got none`);
  }
  let state = from;
  for (const [index, stage] of context.config.stages.entries()) {
    if (index < state.stage) continue;
    if (state.stageStep === 0) await context.policy.engine.resetOptimizer();
    state = await runStage(context, stage, state);
    state = { ...state, stage: index + 1, stageStep: 0, rowsTaken: 0 };
    await saveCheckpoint(context, context, state);
  }
  return state;
}

async function runStage<Closure>(context: SftContext<Closure>, stage: SftStage, from: SftState): Promise<SftState> {
  const { config } = context;
  const rows = await context.openRows(stage);
  await rows.skip(from.rowsTaken);
  const heldOut = config.evalEvery === null ? [] : await rows.heldOut(config.evalRows);
  return runSteps(
    context,
    {
      label: `SFT ${stage.name}`,
      steps: stage.steps,
      count: ({ stageStep }) => stageStep,
      step: async (state) => (context.signal?.aborted === true ? undefined : sftStep(context, { stage, rows, heldOut }, state)),
      save: (state) => saveCheckpoint(context, context, state),
      summary: ({ stageStep }) => `${stageStep} steps on ${rows.describe()}`,
    },
    from,
  );
}

interface StageParts {
  readonly stage: SftStage;
  readonly rows: RowStream;
  readonly heldOut: readonly TrainingRow[];
}

async function sftStep<Closure>(
  context: SftContext<Closure>,
  { stage, rows: stream, heldOut }: StageParts,
  before: SftState,
): Promise<FinishedStep<SftState>> {
  const { config, policy } = context;
  const started = performance.now();
  const rows = await stream.take(stage.batchSize);
  const targets = countTargets(rows);
  const { loss } = await policy.engine.forwardBackward(rows, { name: "cross-entropy", normalizer: targets });
  const learningRate = learningRateAt(before.stageStep, scheduleOf(stage.learningRate, stage.steps));
  const { gradNorm } = await policy.engine.optimStep({ learningRate });
  const { totalSteps, stageStep, rowsTaken } = before;
  const state = { ...before, totalSteps: totalSteps + 1, stageStep: stageStep + 1, rowsTaken: rowsTaken + rows.length };
  const accuracy = isValidationStep(stage, state.stageStep) ? await validate(context, stage, state.totalSteps) : undefined;
  const isEvaluated = heldOut.length > 0 && (state.stageStep % config.evalEvery! === 0 || state.stageStep === stage.steps);
  const heldOutLoss = isEvaluated ? await meanLoss(policy.engine, heldOut) : undefined;
  const stop = accuracy !== undefined && accuracy >= stage.stopAtAccuracy!;
  return {
    state,
    metrics: {
      phase: "sft",
      stage: stage.name,
      step: state.totalSteps,
      "sft/loss": loss,
      "sft/target_tokens": targets,
      "sft/tokens": rows.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
      "optim/grad_norm": gradNorm,
      "optim/learning_rate": learningRate,
      ...(heldOutLoss === undefined ? {} : { "sft/eval_loss": heldOutLoss }),
      ...(accuracy === undefined ? {} : { "validation/accuracy": accuracy }),
    },
    timings: { phase: "sft", step: state.totalSteps, "time/step": (performance.now() - started) / 1_000 },
    note: `loss ${loss.toFixed(3)}${accuracy === undefined ? "" : `, validation ${(100 * accuracy).toFixed(1)} %`}`,
    save: !stop && state.stageStep % config.saveEvery === 0,
    stop,
  };
}

function isValidationStep(stage: SftStage, step: number): boolean {
  return stage.stopAtAccuracy !== null && step >= stage.validateFrom && (step - stage.validateFrom) % stage.validateEvery === 0;
}

/** Accuracy on training-side problems, sampled as in evaluation. */
async function validate<Closure>(context: SftContext<Closure>, stage: SftStage, step: number): Promise<number | undefined> {
  const { policy, environment, seed, validation } = context;
  if (validation === undefined) return undefined;
  const problems = await validation.problems(stage.validationProblems);
  const groups = await gradedRollouts(policy, environment, { problems, samples: 1, sampling: validation.sampling, seed, step });
  return summarizeEvaluation(groups).accuracy;
}

/** Mean negative log-probability of the tokens that rows would teach, in nats; no gradient is taken. */
async function meanLoss(engine: Scorer, rows: readonly TrainingRow[]): Promise<number> {
  const logProbs = await engine.logProbs(rows);
  const sum = logProbs.reduce((total, row) => row.reduce((inner, value) => inner + value, total), 0);
  return -sum / countTargets(rows);
}

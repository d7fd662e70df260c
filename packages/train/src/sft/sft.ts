import { aggregateLoss } from "@retool-ts/algorithms";
import { countTargets, learningRateAt } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import { ColdStartStream } from "./cold-start.js";
import { gradedRollouts, summarizeEvaluation } from "@retool-ts/evaluate";
import { validationProblems } from "../../../../apps/retool/src/setup/problem-source.js";
import { ConversationStream } from "./conversation-stream.js";
import { evalLoss } from "./eval-loss.js";
import type { RowStream } from "./row-stream.js";
import type { SftStage } from "../../../../apps/retool/src/config/recipe-config.js";
import { saveCheckpoint, scheduleOf, type RunContext } from "../train-context.js";
import type { SftState } from "../train-state.js";

/** Where supervised training begins. */
export const SFT_START: SftState = { phase: "sft", totalSteps: 0, stage: 0, stageStep: 0, rowsTaken: 0 };

/**
 * Supervised fine-tuning on cold-start traces, stage after stage. Prompt and interpreter text carry no loss.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 2.2. Resumes from any state, to the bit.
 *
 * @returns the state after the last stage.
 */
export async function runSft(context: RunContext, from: SftState = SFT_START): Promise<SftState> {
  let state = from;
  for (const [index, stage] of context.config.sft.stages.entries()) {
    if (index < state.stage) continue;
    if (state.stageStep === 0) context.model.engine.optimizer.reset();
    state = await runStage(context, stage, state);
    state = { ...state, stage: index + 1, stageStep: 0, rowsTaken: 0 };
    await saveCheckpoint(context, state);
  }
  return state;
}

async function runStage(context: RunContext, stage: SftStage, from: SftState): Promise<SftState> {
  const { config, model, run, reporter, signal } = context;
  const stream = await openRows(context, stage);
  const heldOut = config.sft.evalEvery === null ? [] : await stream.heldOut(config.sft.evalRows);
  await stream.skip(from.rowsTaken);
  const schedule = scheduleOf(stage.learningRate, stage.steps);
  const bar = reporter.progress(`SFT ${stage.name}`, stage.steps, from.stageStep);
  let state = from;
  while (state.stageStep < stage.steps) {
    if (signal?.aborted) {
      await saveCheckpoint(context, state);
      signal.throwIfAborted();
    }
    const started = performance.now();
    const rows = await stream.take(stage.batchSize);
    const targets = countTargets(rows);
    const { loss } = await model.engine.forwardBackward(rows, {
      loss: ({ logProbs }) => ({
        loss: aggregateLoss(tf.neg(logProbs), tf.ones<tf.Rank.R1>(logProbs.shape), { mode: "token-mean", normalizer: targets }),
      }),
    });
    const learningRate = learningRateAt(state.stageStep, schedule);
    const { gradNorm } = await model.engine.optimStep({ learningRate });
    state = { ...state, totalSteps: state.totalSteps + 1, stageStep: state.stageStep + 1, rowsTaken: state.rowsTaken + rows.length };
    const accuracy = isValidationStep(stage, state.stageStep) ? await validate(context, stage, state.totalSteps) : undefined;
    const isEvaluated = heldOut.length > 0 && (state.stageStep % config.sft.evalEvery! === 0 || state.stageStep === stage.steps);
    const heldOutLoss = isEvaluated ? await evalLoss(model.engine, heldOut) : undefined;
    await run.appendMetrics({
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
    });
    await run.appendTimings({ phase: "sft", step: state.totalSteps, "time/step": (performance.now() - started) / 1_000 });
    bar.update(state.stageStep, `loss ${loss.toFixed(3)}${accuracy === undefined ? "" : `, validation ${percent(accuracy)}`}`);
    if (accuracy !== undefined && accuracy >= stage.stopAtAccuracy!) break;
    if (state.stageStep % config.sft.saveEvery === 0) await saveCheckpoint(context, state);
  }
  bar.done(`${state.stageStep} steps on ${stream.describe()}`);
  return state;
}

/** The rows that a stage names. */
async function openRows({ config, model, environment, reporter, signal }: RunContext, stage: SftStage): Promise<RowStream> {
  const { source } = stage;
  const { tokenizer } = model;
  switch (source.kind) {
    case "generated":
      return new ColdStartStream(config, stage, environment, tokenizer);
    case "file": {
      const { maxPositions } = model.engine.parameters.config;
      const context = { reporter, ...(signal === undefined ? {} : { signal }) };
      return ConversationStream.open({ config, stage, source, environment, tokenizer, maxPositions, context });
    }
  }
}

function isValidationStep(stage: SftStage, step: number): boolean {
  return stage.stopAtAccuracy !== null && step >= stage.validateFrom && (step - stage.validateFrom) % stage.validateEvery === 0;
}

/** Accuracy on training-side problems, sampled as in evaluation. */
async function validate({ config, model, environment }: RunContext, stage: SftStage, step: number): Promise<number> {
  const groups = await gradedRollouts(model, environment, {
    problems: validationProblems(config.data.train, stage.validationProblems, config.seed),
    samples: 1,
    sampling: config.eval.sampling,
    seed: config.seed,
    step,
  });
  return summarizeEvaluation(groups).accuracy;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

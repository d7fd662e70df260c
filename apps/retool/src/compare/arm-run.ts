import { basename } from "node:path";
import { InputError } from "@retool-ts/core";
import type { RecipeConfig } from "../config/recipe-config.js";
import { type LogRecord, openRunFolder, type PhaseSummary, type RunFolder } from "@retool-ts/runs";
import { readRunConfig } from "../config/run-config.js";
import type { ArmName } from "./arms.js";
import { type CurvePoint, callsHelper } from "./figures.js";
import type { Job } from "./jobs.js";

/** Results of one finished run of one arm. */
export interface ArmRun {
  readonly arm: ArmName;
  readonly seed: number;
  /** Name of the run's folder within the comparison's. */
  readonly run: string;
  readonly backend: string;
  readonly parameters: number;
  /** Held-out evaluations along RL; step 0 is the cold start. */
  readonly curve: readonly CurvePoint[];
  readonly coldStart: PhaseSummary;
  readonly final: PhaseSummary;
  /** Accuracy on training-side problems at the end of a stage of SFT, by stage. */
  readonly stageAccuracy: Readonly<Record<string, number>>;
  readonly sft: SftEffort;
  readonly rl: RlEffort;
  /** Share of right final answers after code that calls one of the sandbox's own functions; null without right answers with code. */
  readonly helperShare: number | null;
}

/** Amount of supervised training of a cold start. */
export interface SftEffort {
  readonly steps: number;
  readonly rows: number;
  /** Prompts and interpreter text included, padding not. */
  readonly tokens: number;
  /** 6 × parameters × tokens: forward and backward. */
  readonly flop: number;
}

/** Amount of reinforcement learning, and the share of it that taught something. */
export interface RlEffort {
  readonly steps: number;
  readonly rollouts: number;
  /** Tokens after the prompt over all rollouts. */
  readonly tokens: number;
  /** Mean share of groups whose rollouts all scored the same. */
  readonly zeroVarianceShare: number;
}

/**
 * Reads the folder of a finished run.
 *
 * @throws InputError when the run has not ended.
 */
export async function readArmRun({ arm, seed, path }: Pick<Job, "arm" | "seed" | "path">): Promise<ArmRun> {
  const run = await openRunFolder(path);
  const summary = run.readSummary();
  const { coldStart, final } = summary?.phases ?? {};
  if (summary === undefined || coldStart === undefined || final === undefined) {
    throw new InputError({
      what: "comparison",
      where: path,
      expected: "a finished run",
      found: "one that has not ended",
      fix: "run the comparison again",
    });
  }
  const config = await readRunConfig(run);
  const metrics = run.readMetrics();
  const parameters = summary.model.parameters ?? 0; // a run of ours always knows
  return {
    arm,
    seed,
    run: basename(path),
    backend: summary.backend,
    parameters,
    curve: learningCurve(metrics, coldStart, final, config.train.steps),
    coldStart,
    final,
    stageAccuracy: Object.fromEntries(
      metrics.flatMap((record) =>
        isNumber(record["validation/accuracy"]) ? [[String(record["stage"]), record["validation/accuracy"]]] : [],
      ),
    ),
    sft: sftEffort(metrics, config, parameters),
    rl: rlEffort(metrics, config),
    helperShare: await helperShare(run),
  };
}

/** Evaluations along RL with the cold start before them; the final one is added where no evaluation fell on the last step. */
export function learningCurve(metrics: readonly LogRecord[], coldStart: PhaseSummary, final: PhaseSummary, steps: number): CurvePoint[] {
  const point = (step: number, { accuracy, codeRatio, meanTokens }: PhaseSummary): CurvePoint => ({
    step,
    accuracy,
    codeRatio,
    responseTokens: meanTokens,
  });
  const measured = metrics.flatMap((record) => {
    const { "rl/step": step, "eval/accuracy": accuracy, "eval/code_ratio": codeRatio, "eval/response_tokens": responseTokens } = record;
    return isNumber(step) && isNumber(accuracy) && isNumber(codeRatio) && isNumber(responseTokens)
      ? [{ step, accuracy, codeRatio, responseTokens }]
      : [];
  });
  return [point(0, coldStart), ...measured, ...(measured.at(-1)?.step === steps ? [] : [point(steps, final)])];
}

function sftEffort(metrics: readonly LogRecord[], { sft }: RecipeConfig, parameters: number): SftEffort {
  const records = metrics.filter(({ phase }) => phase === "sft");
  const batchSize = new Map(sft.stages.map((stage) => [stage.name, stage.batchSize]));
  const tokens = total(records, "sft/tokens");
  return {
    steps: records.length,
    rows: records.reduce((sum, { stage }) => sum + (batchSize.get(String(stage)) ?? 0), 0),
    tokens,
    flop: 6 * parameters * tokens,
  };
}

function rlEffort(metrics: readonly LogRecord[], { train: { promptsPerStep, groupSize } }: RecipeConfig): RlEffort {
  const records = metrics.filter(({ phase }) => phase === "rl");
  const rolloutsPerStep = promptsPerStep * groupSize;
  return {
    steps: records.length,
    rollouts: records.length * rolloutsPerStep,
    tokens: Math.round(total(records, "rollout/response_tokens") * rolloutsPerStep),
    zeroVarianceShare: total(records, "group/zero_variance_share") / records.length,
  };
}

async function helperShare(run: RunFolder): Promise<number | null> {
  const right = (await run.readTrajectories("final")).filter(({ correct, toolCalls }) => correct && toolCalls.length > 0);
  if (right.length === 0) return null;
  return right.filter(({ toolCalls }) => toolCalls.some(({ input }) => callsHelper(input))).length / right.length;
}

function total(records: readonly LogRecord[], name: string): number {
  return records.reduce((sum, { [name]: value }) => sum + (isNumber(value) ? value : 0), 0);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

import { totalmem } from "node:os";
import { InputError } from "@retool-ts/core";
import { checkMemoryNeed, parameterCount } from "@retool-ts/policy";
import { chooseBackend, usableThreads } from "@retool-ts/policy/node";
import { formatBytes, formatDuration } from "@retool-ts/report";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelPreset } from "../config/presets/model-preset.js";
import { hubName, MODEL_SHAPES } from "../config/presets/model-shapes.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { describeDatasets } from "../setup/datasets-of-run.js";
import type { HubContext } from "../setup/hub-files.js";
import { describeFarPlan, type Throughput } from "./far-plan.js";
import { planRun, type RunPlan } from "./plan.js";
import { measureRun, publishedSize, type RunSize } from "./run-size.js";

/** Memory of the program itself. */
const PROGRAM_BYTES = 300 * 2 ** 20;
/** Longest run that is called one that a machine can do. */
const MAX_RUN_SECONDS = 30 * 24 * 3_600;

/** The need of a run in words, and whether this machine meets it. */
export async function planText(
  config: RecipeConfig,
  parts: RecipeParts,
  { throughput, ...context }: HubContext & { readonly throughput?: Throughput } = {},
): Promise<string> {
  const data = describeDatasets(config, parts).map((dataset) => `data         ${dataset}\n`);
  return `${data.join("")}${await sizeText(await measureRun(config, parts, { ...context, download: false }), config, parts, throughput)}\n`;
}

/** The same of a published recipe, which has no weights here, with its sources. */
export async function publishedPlanText(
  { model, sources, notes }: ModelPreset,
  config: RecipeConfig,
  parts: RecipeParts,
  throughput?: Throughput,
): Promise<string> {
  return [
    `model        ${model}; its weights are at ${hubName(model)} on the Hugging Face hub, for --model`,
    await sizeText(publishedSize(MODEL_SHAPES[model], config), config, parts, throughput),
    "",
    "data",
    ...describeDatasets(config, parts).map((dataset) => `  ${dataset}`),
    "values from",
    ...sources.map((source) => `  ${source}`),
    "not as published, or not given",
    ...notes.map((note) => `  ${note}`),
    "",
  ].join("\n");
}

/**
 * Checks that the backend of a run can hold what it needs, before anything is written.
 *
 * @throws InputError when it cannot.
 */
export async function checkMemory(config: RecipeConfig, parts: RecipeParts, context: HubContext): Promise<void> {
  const size = await measureRun(config, parts, { ...context, download: true });
  if (config.engine.kind === "local") await chooseBackend(config.backend, parameterCount(size.shape), threadsOf(config));
  const notice = longPrompts(size);
  if (notice !== undefined) context.reporter?.say(notice);
  if (config.engine.kind !== "local") return; // the server's to hold
  checkMemoryNeed(size.shape, planRun(size, config, parts).leastMemoryUse);
}

/**
 * Tells of prompts that leave no room for a response; undefined where there are none.
 *
 * @throws InputError when all of them do.
 */
function longPrompts({ promptsTooLong, promptsRead, promptTokens, shape: { maxPositions } }: RunSize): string | undefined {
  if (promptsTooLong === 0) return undefined;
  const fix = "take a model of longer sequences (model.maxPositions), or shorter problems or a shorter prompt.template";
  const found = `${promptsTooLong === promptsRead ? "all" : count(promptsTooLong)} of the ${count(promptsRead)} that were read`;
  if (promptsTooLong === promptsRead) {
    const expected = `prompts of fewer tokens than the model's ${count(maxPositions)}`;
    throw new InputError({ what: "problems", where: "prompts", expected, found: `${found} longer, up to ${count(promptTokens)}`, fix });
  }
  return `prompts: ${found} leave no room for a response in the model's ${count(maxPositions)} tokens, and train on nothing; ${fix}`;
}

async function sizeText(size: RunSize, config: RecipeConfig, parts: RecipeParts, throughput: Throughput | undefined): Promise<string> {
  const notice = longPrompts(size);
  const plan = planRun(size, config, parts);
  const { engine } = config;
  if (engine.kind === "tinker") {
    const text = describeFarPlan(plan, size.shape, { ...config, engine }, parts, throughput);
    return notice === undefined ? text : `${notice}\n${text}`;
  }
  const { name, reason } = await chooseBackend(config.backend, plan.parameters, threadsOf(config));
  const flopPerSecond = await matmulSpeed();
  const machine = { memoryBytes: totalmem(), flopPerSecond, refusal: refusal(size, plan) };
  return `backend      ${name}, ${(flopPerSecond / 1e9).toFixed(0)} GFLOP/s in a matrix product (${reason})\n${describePlan(plan, machine)}${notice === undefined ? "" : `\n${notice}`}`;
}

/** Threads that the run will compute with. */
function threadsOf({ threads }: RecipeConfig) {
  return { threads: threads ?? usableThreads() };
}

/** The reason why the backend cannot hold a run. */
function refusal({ shape }: RunSize, { leastMemoryUse }: RunPlan): string | undefined {
  try {
    checkMemoryNeed(shape, leastMemoryUse);
    return undefined;
  } catch (error) {
    if (error instanceof InputError)
      return `${error.problem.where}: ${error.problem.expected} is needed, and it holds ${error.problem.found}`;
    throw error;
  }
}

/** The abilities of a machine. */
export interface Machine {
  readonly memoryBytes: number;
  /** FLOP per second of a matrix product; half of that is assumed for a run. */
  readonly flopPerSecond: number;
  /** The reason why the backend cannot hold the run. */
  readonly refusal?: string | undefined;
}

/** A plan in words, with a verdict. */
export function describePlan(plan: RunPlan, machine: Machine): string {
  const { memory, rollouts, rolloutsPerStep, evaluations, evaluatedRollouts, validationRollouts, rows } = plan;
  const others = memory.critic + memory.reference === 0 ? "" : `, critic and reference ${size(memory.critic + memory.reference)}`;
  const eightBits = memory.samplerWeights === 0 ? "" : `, weights in 8 bits ${size(memory.samplerWeights)}`;
  const total = memory.total + PROGRAM_BYTES;
  const seconds = plan.flop / (machine.flopPerSecond / 2);
  const longest = plan.promptsRead === 0 ? "a limit; none was read" : `the longest of ${count(plan.promptsRead)}`;
  const counts = [
    rows === 0 ? "" : `${count(rows)} rows of supervised training`,
    validationRollouts === 0 ? "" : `up to ${count(validationRollouts)} rollouts for them`,
    rollouts === 0 ? "" : `${count(rollouts)} rollouts of RL, ${count(rolloutsPerStep)} per step`,
    `${count(evaluatedRollouts)} rollouts in ${evaluations} evaluation${evaluations === 1 ? "" : "s"}`,
  ];
  const reasons = [
    machine.refusal ?? "",
    total > machine.memoryBytes ? `its ${formatBytes(machine.memoryBytes)} of memory are less than ${formatBytes(total)}` : "",
    seconds > MAX_RUN_SECONDS ? `it would take ${longDuration(seconds)}` : "",
  ].filter((reason) => reason !== "");
  return [
    `parameters   ${count(plan.parameters)}`,
    `sequences    at most ${count(plan.sequenceTokens)} tokens, with prompts of up to ${count(plan.promptTokens)} (${longest})`,
    `counts       ${counts.filter((text) => text !== "").join(", ")}`,
    `memory       about ${size(total)}: weights ${size(memory.weights)}, gradients ${size(memory.gradients)}, moments ${size(memory.moments)}${others}${eightBits}, activations ${size(memory.activations)} or keys and values ${size(memory.keysAndValues)}, program ${size(PROGRAM_BYTES)}`,
    `KV cache     ${formatBytes(plan.kvBytesPerSequence)} per sequence of full length, for ${count(plan.sequences)} at once`,
    `work         at most ${plan.flop.toExponential(1).replace("e+", "e")} FLOP, ${longDuration(seconds)} at ${(machine.flopPerSecond / 2e9).toFixed(0)} GFLOP/s`,
    reasons.length === 0 ? "verdict      this machine could run it" : `verdict      this machine cannot run it: ${reasons.join("; ")}`,
  ].join("\n");
}

/** FLOP per second of a product of two 384 × 384 matrices, best of a few. */
export async function matmulSpeed(): Promise<number> {
  const side = 384;
  const a = tf.ones<tf.Rank.R2>([side, side]);
  let best = Infinity;
  for (let i = 0; i < 8; i++) {
    const started = performance.now();
    const product = tf.matMul(a, a);
    await product.data();
    best = Math.min(best, performance.now() - started);
    product.dispose();
  }
  a.dispose();
  return (2 * side ** 3) / (best / 1_000);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Whole MiB, rounded up; from 64 GiB on in larger units. */
function size(bytes: number): string {
  return bytes < 2 ** 36 ? `${count(Math.ceil(bytes / 2 ** 20))} MiB` : formatBytes(bytes);
}

/** A duration that may last years. */
function longDuration(seconds: number): string {
  if (seconds < 60) return "less than a minute";
  const days = seconds / 86_400;
  if (days < 2) return `about ${formatDuration(1_000 * seconds)}`;
  return `about ${days < 730 ? `${Math.round(days)} days` : `${count(Math.round(days / 365.25))} years`}`;
}

import { formatBytes, formatDuration } from "@retool-ts/report";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { RunPlan } from "./plan.js";

/** Bytes of a token in a training request: input 4, target 8, and 4 each for weight, old log-probability and advantage. */
const TRAINED_TOKEN_BYTES = 24;
/** The same of a pass without gradients: input, target and weight. */
const SCORED_TOKEN_BYTES = 16;
/** A log-probability that comes back, beside the loss of its token. */
const RETURNED_TOKEN_BYTES = 8;
/** An id in JSON, with its comma. */
const JSON_TOKEN_BYTES = 7;
/** A sampled token with its log-probability. */
const SAMPLED_TOKEN_BYTES = 8;
/** Most bytes and sequences of one training request. */
const REQUEST_BYTES = 5_000_000;
const REQUEST_ROWS = 1_024;

/** What one step of reinforcement learning on a server needs at most: every rollout uses up its budget. */
export interface FarStep {
  readonly rollouts: number;
  readonly sampleRequests: number;
  readonly sampledTokens: number;
  readonly trainingRequests: number;
  /** Passes over all rollouts: without gradients, and with them. */
  readonly scoringPasses: number;
  readonly trainingPasses: number;
  readonly trainedTokens: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** FLOP of the server, by the formula of the plan of a run here. */
  readonly flop: number;
}

/** By formula; undefined for a run without reinforcement learning. */
export function farStep(plan: RunPlan, { train, budgets }: RecipeConfig, parts: RecipeParts): FarStep | undefined {
  if (!parts.rl || plan.rolloutsPerStep === 0) return undefined;
  const rollouts = plan.rolloutsPerStep;
  const turns = budgets.maxTurns;
  const sampledTokens = rollouts * budgets.maxResponseTokens;
  const tokens = rollouts * plan.sequenceTokens;
  const updates = train.updatesPerStep * train.epochs;
  const trainingPasses = train.epochs;
  // Slopes need log-probabilities of the weights as they are, which a first update has where `oldLogProbs` is `trainer`.
  const known = train.oldLogProbs === "trainer" ? 1 : 0;
  const slopes = Math.max(0, updates - known) / Math.max(1, train.updatesPerStep);
  const scoringPasses = known + (train.kl === null ? 0 : 1) + slopes;
  const requestsOf = (bytes: number) => Math.max(1, Math.ceil(bytes / REQUEST_BYTES), Math.ceil(rollouts / REQUEST_ROWS));
  const sent = { trained: tokens * TRAINED_TOKEN_BYTES * trainingPasses, scored: tokens * SCORED_TOKEN_BYTES * scoringPasses };
  return {
    rollouts,
    sampleRequests: rollouts * turns,
    sampledTokens,
    trainingRequests: requestsOf(sent.trained) + (scoringPasses === 0 ? 0 : requestsOf(sent.scored)) + updates,
    scoringPasses,
    trainingPasses,
    trainedTokens: tokens * trainingPasses,
    bytesSent: sent.trained + sent.scored + rollouts * turns * plan.sequenceTokens * JSON_TOKEN_BYTES,
    bytesReceived: tokens * RETURNED_TOKEN_BYTES * (trainingPasses + scoringPasses) + sampledTokens * SAMPLED_TOKEN_BYTES,
    flop: plan.flop / Math.max(1, train.steps),
  };
}

/** Tokens a second that a server does. */
export interface Throughput {
  readonly sampled: number;
  readonly trained: number;
}

/** The plan of a run on a server, in words; with the time that it takes where the server's speed is known. */
export function describeFarPlan(plan: RunPlan, config: RecipeConfig, parts: RecipeParts, throughput?: Throughput): string {
  const { engine, train } = config;
  const step = farStep(plan, config, parts);
  const where = engine.kind === "tinker" ? `${engine.baseUrl}, ${engine.baseModel ?? "its only model"}` : engine.kind;
  return [
    `engine       ${where}; nothing of the model is in this process`,
    `parameters   ${count(plan.parameters)}; their weights take ${formatBytes(2 * plan.parameters)} of the server in bfloat16, beside what it needs for keys and values`,
    `sequences    at most ${count(plan.sequenceTokens)} tokens, with prompts of up to ${count(plan.promptTokens)}`,
    ...(plan.rows === 0
      ? []
      : [`supervised   ${count(plan.rows)} rows, ${formatBytes(plan.rows * plan.sequenceTokens * TRAINED_TOKEN_BYTES)} to send`]),
    ...(step === undefined ? [] : describeStep(step, train.steps, throughput)),
    `evaluations  ${count(plan.evaluations)}, of ${count(plan.evaluatedRollouts)} rollouts in all`,
  ].join("\n");
}

function describeStep(step: FarStep, steps: number, throughput: Throughput | undefined): string[] {
  return [
    `a step       ${count(step.rollouts)} rollouts: up to ${count(step.sampleRequests)} requests for turns, ${count(step.sampledTokens)} tokens sampled`,
    `             ${count(step.trainingRequests)} training requests: ${count(step.trainedTokens)} tokens with gradients, ${passes(step.scoringPasses)} without`,
    `             ${formatBytes(step.bytesSent)} sent, ${formatBytes(step.bytesReceived)} received, polls aside`,
    `             at most ${step.flop.toExponential(1).replace("e+", "e")} FLOP of the server`,
    `time         ${count(steps)} × (${count(step.sampledTokens)} / S + ${count(step.trainedTokens)} / T) s, where the server samples S and trains T tokens a second`,
    ...(throughput === undefined ? [] : [timeOf(step, steps, throughput)]),
  ];
}

/** Evaluations, passes without gradients and waiting come on top. */
function timeOf({ sampledTokens, trainedTokens }: FarStep, steps: number, { sampled, trained }: Throughput): string {
  const seconds = sampledTokens / sampled + trainedTokens / trained;
  const speed = `${count(sampled)} and ${count(trained)} tokens a second`;
  return `             at ${speed}: ${formatDuration(1e3 * seconds)} a step, ${formatDuration(1e3 * steps * seconds)} in all, at most`;
}

function passes(number: number): string {
  return number === 1 ? "one pass" : `${Number(number.toFixed(1))} passes`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

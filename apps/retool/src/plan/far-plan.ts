import type { ModelConfig } from "@retool-ts/policy";
import { formatBytes, formatDuration } from "@retool-ts/report";
import { type TinkerEngineConfig, UNNAMED_SERVER } from "../config/engine-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import { DEFAULT_RANK } from "../setup/tinker-rank.js";
import { farMemory } from "./far-memory.js";
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
export function describeFarPlan(
  plan: RunPlan,
  shape: ModelConfig,
  config: RecipeConfig & { readonly engine: TinkerEngineConfig },
  parts: RecipeParts,
  throughput?: Throughput,
): string {
  const { engine, train } = config;
  const step = farStep(plan, config, parts);
  const address = engine.baseUrl === UNNAMED_SERVER ? "a server that --base-url will name" : engine.baseUrl;
  return [
    `engine       ${address}, ${engine.baseModel ?? "its only model"}; nothing of the model is in this process`,
    `parameters   ${count(plan.parameters)}`,
    ...describeMemory(plan, shape, config, step),
    `sequences    at most ${count(plan.sequenceTokens)} tokens, with prompts of up to ${count(plan.promptTokens)}`,
    ...(plan.rows === 0
      ? []
      : [`supervised   ${count(plan.rows)} rows, ${formatBytes(plan.rows * plan.sequenceTokens * TRAINED_TOKEN_BYTES)} to send`]),
    ...(step === undefined ? [] : describeStep(step, train.steps, throughput)),
    `evaluations  ${count(plan.evaluations)}, of ${count(plan.evaluatedRollouts)} rollouts in all`,
  ].join("\n");
}

/** The server's memory, a line a part, each with its formula. */
function describeMemory(
  plan: RunPlan,
  shape: ModelConfig,
  { model, engine }: RecipeConfig & { readonly engine: TinkerEngineConfig },
  step: FarStep | undefined,
): string[] {
  const rank = model.lora?.rank ?? DEFAULT_RANK;
  const { sequenceTokens } = plan;
  const sequences = Math.max(
    1,
    Math.min(engine.concurrency, step?.rollouts ?? Infinity, Math.max(step?.rollouts ?? 0, plan.evaluationRollouts)),
  );
  const { layers, kvHeads, headDim, hiddenSize: hidden, intermediateSize: inner, vocabSize } = shape;
  const memory = farMemory(shape, { rank, microBatchTokens: sequenceTokens, sequences, sequenceTokens });
  const numbers = count(memory.adapterCount);
  const logits = sequenceTokens * vocabSize < 2 ** 24 ? `${count(sequenceTokens)} × ${count(vocabSize)}` : "2^24";
  const line = (name: string, bytes: number, formula: string) => `  ${name.padEnd(19)}${formatBytes(bytes).padStart(9)} = ${formula}`;
  return [
    `server       about ${formatBytes(memory.total)} in all, where one copy of the weights samples and trains; a sampler with a copy of its own has the weights again`,
    line("weights, bfloat16", memory.weights, `2 × ${count(plan.parameters)}`),
    line("adapter, float32", memory.adapter, `4 × ${numbers}, of rank ${rank} on every projection: rank × Σ (inputs + outputs)`),
    line("its gradients", memory.gradients, `4 × ${numbers}`),
    line("Adam's moments", memory.moments, `2 × 4 × ${numbers}`),
    line(
      "activations",
      memory.activations,
      `2 × ${count(sequenceTokens)} × (${layers} × ${count(hidden)} + 20 × ${count(hidden)} + 8 × ${count(inner)}) + 3 × 4 × ${logits}, of a micro-batch of one sequence, recomputed a layer at a time`,
    ),
    line(
      "keys and values",
      memory.keysAndValues,
      `2 × 2 × ${layers} × ${kvHeads} × ${headDim} × ${count(sequenceTokens)} × ${count(sequences)} sequences at once, in bfloat16`,
    ),
  ];
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

import { cacheBytesPerToken, memoryNeed, type MemoryNeed, type MemoryUse, parameterCount } from "@retool-ts/policy";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { RunSize } from "./run-size.js";

/** The need of a run in tokens, bytes and floating-point operations. Upper bounds: every response uses up its budget. */
export interface RunPlan extends Pick<RunSize, "promptTokens" | "promptsRead"> {
  readonly parameters: number;
  /** Tokens of the longest sequence, prompt included. */
  readonly sequenceTokens: number;
  /** Rollouts that are learned from, of a step and in all. */
  readonly rolloutsPerStep: number;
  readonly rollouts: number;
  /** Rollouts of each evaluation on test problems, how many evaluations there are, and the rollouts of all, validation problems' included. */
  readonly evaluationRollouts: number;
  readonly evaluations: number;
  readonly evaluatedRollouts: number;
  /** Rollouts that decide when supervised training ends, at most, and those that it learns from. */
  readonly validationRollouts: number;
  /** Rows of supervised training. */
  readonly rows: number;
  readonly memory: MemoryNeed;
  readonly memoryUse: MemoryUse;
  /** The same with one row of full length in a pass: a backend that cannot hold this cannot run it at all. */
  readonly leastMemoryUse: MemoryUse;
  /** Keys and values of one sequence of full length. */
  readonly kvBytesPerSequence: number;
  /** Sequences that are decoded at once. */
  readonly sequences: number;
  readonly flop: number;
}

/**
 * By formula. A forward pass over T tokens is 2 FLOP a parameter and token, and 2 · layers · heads · headDim · T² of attention; a
 * backward pass is twice that (Kaplan et al., https://arxiv.org/abs/2001.08361, sec. 2.1). Memory is `memoryNeed`, for as many sequences
 * as the sampler decodes at once and for the micro-batches that training makes.
 */
export function planRun(size: RunSize, config: RecipeConfig, parts: RecipeParts): RunPlan {
  const { shape, promptTokens, promptsRead, testProblems, validationProblems } = size;
  const { train, sft, eval: evaluation } = config;
  const sequenceTokens = Math.min(shape.maxPositions, promptTokens + config.budgets.maxResponseTokens);
  const rolloutsPerStep = parts.rl ? train.promptsPerStep * train.groupSize : 0;
  const rollouts = train.steps * rolloutsPerStep;
  const evaluationRollouts = testProblems * evaluation.samples;
  const tests = parts.rl ? 2 : 1;
  const looks = !parts.rl || train.evaluateEvery === null ? 0 : Math.floor(train.steps / train.evaluateEvery);
  const evaluatedRollouts = tests * evaluationRollouts + looks * validationProblems * evaluation.samples;
  const stages = parts.sft ? sft.stages : [];
  const validationRollouts = sum(stages.map((stage) => validationsOf(stage) * stage.validationProblems + ownRollouts(stage)));
  const rowTokens = (stage: Stage) =>
    stage.source.kind !== "file" ? sequenceTokens : Math.min(shape.maxPositions, stage.source.maxTokens);
  const forward = (tokens: number) => 2 * parameterCount(shape) * tokens + 2 * shape.layers * shape.heads * shape.headDim * tokens ** 2;

  const [critics, references] = [train.advantage === "gae" ? 1 : 0, train.kl === null ? 0 : 1];
  const scoring = (train.oldLogProbs === "trainer" ? 1 : 0) + critics + references;
  const updates = 3 * train.epochs * (1 + critics); // forward once, backward twice as much
  const sampled = rollouts + evaluatedRollouts + validationRollouts;
  const sftFlop = sum(stages.map((stage) => 3 * stage.steps * stage.batchSize * forward(rowTokens(stage))));
  const flop = sftFlop + forward(sequenceTokens) * (sampled + rollouts * (scoring + updates));

  const perSequence = cacheBytesPerToken(shape) * sequenceTokens;
  const fitting = Math.floor((config.sampler.kvCacheMiB * 2 ** 20) / perSequence);
  const wanted = Math.min(config.sampler.maxSequences, Math.max(rolloutsPerStep, evaluationRollouts), fitting);
  const sequences = Math.max(parts.rl ? train.groupSize : 1, wanted);
  const batches = [
    { rows: rolloutsPerStep / train.updatesPerStep, tokens: sequenceTokens },
    ...stages.map((stage) => ({ rows: stage.batchSize, tokens: rowTokens(stage) })),
  ].filter(({ rows }) => rows > 0);
  const { maxTokensPerMicroBatch, gradientCheckpointing } = config.optimizer;
  const trained = batches.map(({ rows, tokens }) => Math.max(tokens, Math.min(maxTokensPerMicroBatch, rows * tokens)));
  const hasOwn = size.lora === undefined || (train.kl !== null && train.kl.reference !== null && train.kl.reference !== config.model.from);
  const memoryUse: MemoryUse = {
    lora: size.lora,
    critic: parts.rl && critics > 0,
    reference: !parts.rl || references === 0 ? undefined : hasOwn ? "own" : "shared",
    cachedTokens: sequences * sequenceTokens,
    trainedTokens: Math.max(1, ...trained),
    gradientCheckpointing,
    ...(config.engine.kind === "local" && { samplerWeights: config.engine.samplerWeights }),
  };
  return {
    parameters: parameterCount(shape),
    promptTokens,
    promptsRead,
    sequenceTokens,
    rolloutsPerStep,
    rollouts,
    evaluationRollouts,
    evaluations: tests + looks,
    evaluatedRollouts,
    validationRollouts,
    rows: sum(stages.map(({ steps, batchSize }) => steps * batchSize)),
    memory: memoryNeed(shape, memoryUse),
    memoryUse,
    leastMemoryUse: { ...memoryUse, trainedTokens: sequenceTokens },
    kvBytesPerSequence: perSequence,
    sequences,
    flop,
  };
}

type Stage = RecipeConfig["sft"]["stages"][number];

/** Validations of a stage that never reaches its aim. */
function validationsOf({ stopAtAccuracy, steps, validateFrom, validateEvery }: Stage): number {
  return stopAtAccuracy === null || steps < validateFrom ? 0 : 1 + Math.floor((steps - validateFrom) / validateEvery);
}

/** Rollouts that a stage samples to learn from. */
function ownRollouts({ source }: Stage): number {
  return source.kind === "rollouts" && source.files === null ? source.problems * source.samples : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

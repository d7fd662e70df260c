import type { RecipeInput } from "../recipe-config.js";
import { AIME_2025, DAPO_MATH, RETOOL_SFT } from "./datasets.js";
import { TIMEOUT_NOTE } from "./interpreter.js";
import type { ModelPreset } from "./model-preset.js";

const SOURCES = [
  "verl-project/verl-recipe @ 48ea0a7, retool/ (pinned to verl v0.6.1)",
  "volcengine/verl @ b178a3c, trainer defaults and agent loop",
];

const NOTES = [
  "train.steps: the step at which the recipe's result is quoted (7B: none is quoted; one pass over the distinct prompts)",
  "optimizer.beta2: of RL, 0.999; the recipe's SFT has betas 0.9 and 0.95",
  "data.validation: the test problems themselves, as in the recipe",
  "longest prompt: no such limit here; the recipe's is 2,048 tokens, beside the 16,384 of the response",
  "sandbox.workers: 64 is the most that this config allows; the recipe has 128",
  TIMEOUT_NOTE,
  "sandbox: a last expression is shown as in a REPL; the recipe wraps the last line in print(), and shows 'no stdout here' where code did not finish",
];

/** Six epochs of 2,000 rows in batches of 32: 62 steps each. */
const SFT: RecipeInput["sft"] = {
  stages: [
    {
      name: "retool-sft",
      source: RETOOL_SFT,
      steps: 372,
      batchSize: 32,
      learningRate: { peak: 1e-5, kind: "cosine", warmupSteps: 37, floor: 0 },
    },
  ],
};

const COMMON = {
  data: { train: DAPO_MATH, validation: "test", test: AIME_2025 },
  optimizer: { beta1: 0.9, beta2: 0.999, weightDecay: 0.01, maxGradNorm: 1, maxTokensPerMicroBatch: 18_432 },
  sandbox: { language: "python", wallMs: 30_000, memoryMiB: 1_024, workers: 64 },
  sft: SFT,
  dialect: { name: "hermes" },
  prompt: { template: "{question}\nThe answer format must be: \\boxed{'The final answer goes here.'}" },
  reward: { rule: "math-dapo-strict", parts: [{ kind: "tool-calls", count: "turns" }] },
} as const;

const TRAIN = {
  learningRate: { peak: 1e-6, kind: "constant" },
  loss: "ppo-clip",
  aggregation: "token-mean",
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
  entropyCoef: 0,
  oldLogProbs: "trainer",
  sampling: { temperature: 1, topP: 1, topK: 0 },
} as const;

const EVAL = { problems: 30, samples: 30, sampling: { temperature: 1, topP: 0.6, topK: 0 } } as const;

/** Budgets with so many turns of the model: a call in the last turn is not run. */
const budgets = (maxTurns: number) =>
  ({ maxResponseTokens: 16_384, maxTurns, maxToolCalls: maxTurns - 1, maxToolOutputChars: 256, toolOutputCut: "middle" }) as const;

const grpo32 = {
  ...TRAIN,
  advantage: "grpo",
  steps: 150,
  promptsPerStep: 512,
  groupSize: 16,
  updatesPerStep: 8,
  evaluateEvery: 5,
} as const;

/** The GRPO and PPO recipes of verl for ReTool. */
export const VERL_PRESETS = {
  "verl-grpo-32b": {
    config: { ...COMMON, budgets: budgets(8), train: grpo32, eval: EVAL },
    model: "Qwen2.5-32B-Instruct",
    sources: SOURCES,
    notes: NOTES,
  },
  "verl-grpo-7b": {
    config: {
      ...COMMON,
      budgets: budgets(16),
      train: { ...grpo32, steps: 271, promptsPerStep: 64, updatesPerStep: 4, evaluateEvery: 10 },
      eval: EVAL,
    },
    model: "Qwen2.5-7B-Instruct",
    sources: SOURCES,
    notes: [...NOTES, "eval: the recipe validates on AIME 2025 and 2024"],
  },
  "verl-ppo-32b": {
    config: {
      ...COMMON,
      budgets: budgets(8),
      train: {
        ...TRAIN,
        advantage: "gae",
        gamma: 1,
        gaeLambda: 1,
        critic: { learningRate: { peak: 2e-6, kind: "constant" }, warmupSteps: 20, clipValue: 0.5 },
        steps: 250,
        promptsPerStep: 1_024,
        groupSize: 1,
        updatesPerStep: 4,
        evaluateEvery: 5,
      },
      eval: EVAL,
    },
    model: "Qwen2.5-32B-Instruct",
    sources: SOURCES,
    notes: NOTES,
  },
} as const satisfies Record<string, ModelPreset>;

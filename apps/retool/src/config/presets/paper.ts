import { AIME_2024, DAPO_MATH, RETOOL_SFT } from "./datasets.js";
import type { ModelPreset } from "./model-preset.js";

/** The paper's own recipe. */
export const PAPER_PRESETS = {
  "qwen2.5-32b-paper": {
    config: {
      data: { train: DAPO_MATH, test: AIME_2024 },
      sandbox: { language: "python" },
      optimizer: { maxTokensPerMicroBatch: 16_384 },
      sft: {
        stages: [{ name: "cold-start", source: RETOOL_SFT, steps: 124, batchSize: 32, learningRate: { peak: 1e-6, kind: "constant" } }],
      },
      budgets: { maxResponseTokens: 16_384, maxTurns: 16, maxToolCalls: 16 },
      reward: { rule: "equivalence" },
      train: {
        advantage: "gae",
        critic: { learningRate: { peak: 2e-6, kind: "constant" } },
        steps: 400,
        promptsPerStep: 512,
        groupSize: 1,
        learningRate: { peak: 1e-6, kind: "constant" },
        evaluateEvery: 40,
        saveEvery: 40,
        keepCheckpoints: 10,
      },
      eval: { problems: 30, samples: 32, sampling: { temperature: 1, topP: 0.7, topK: 0 } },
    },
    model: "Qwen2.5-32B-Instruct",
    sources: [
      "Feng et al., ReTool, arXiv 2504.11536 v2, sections 2.3 and 3.1",
      "ReTool-RL/ReTool @ 8407e13, evaluation settings and training set",
    ],
    notes: [
      "given by the paper: PPO, 512 prompts a mini-batch, learning rate 1e-6, KL coefficient 0, 16,384 tokens, two epochs of cold start, 400 steps, AIME with 32 samples at temperature 1 and top-p 0.7",
      "not given, taken from verl's recipe: critic's learning rate, batch of the cold start",
      "not given, this project's defaults: clip bounds, one update per step, one sample per prompt, 16 turns, AdamW's betas",
      "sft.stages: the released ReTool-SFT stands for the paper's cold-start set, whose size it does not give; 124 steps are two epochs of 2,000 rows in batches of 32",
      "data.test: AIME 2024; the paper evaluates on AIME 2025 too",
    ],
  },
} as const satisfies Record<string, ModelPreset>;

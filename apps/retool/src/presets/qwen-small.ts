import type { ModelPreset } from "./model-preset.js";

/** A small model on this project's generated problems: the objective of verl's GRPO recipe at a size that one machine can run. */
export const QWEN_SMALL_PRESETS = {
  "qwen2.5-0.5b": {
    config: {
      optimizer: { beta1: 0.9, beta2: 0.999, weightDecay: 0.01, maxTokensPerMicroBatch: 1_024 },
      sft: {
        stages: [
          {
            name: "cold-start",
            mixture: "imperfect",
            firstStyleShare: 0.5,
            steps: 200,
            batchSize: 16,
            learningRate: { peak: 1e-5, warmupSteps: 20, kind: "cosine", floor: 0.1 },
          },
        ],
        saveEvery: 50,
      },
      budgets: { maxResponseTokens: 512, maxTurns: 5, maxToolCalls: 4, maxToolOutputChars: 256 },
      reward: { rule: "equivalence" },
      train: {
        steps: 100,
        promptsPerStep: 8,
        groupSize: 8,
        learningRate: { peak: 1e-6, kind: "constant" },
        saveEvery: 20,
        trajectoriesEvery: 5,
      },
      eval: { problems: 64 },
    },
    model: "Qwen2.5-0.5B-Instruct",
    sources: ["objective, learning rates and AdamW as in verl-grpo-7b; sizes are this project's own"],
    notes: [],
  },
} as const satisfies Record<string, ModelPreset>;

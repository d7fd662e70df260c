import type { RecipeInput } from "../recipe-config.js";

/** Sizes for a pretrained model and generated problems that one machine can run. */
export const ONE_MACHINE = {
  budgets: { maxResponseTokens: 512, maxTurns: 5, maxToolCalls: 4, maxToolOutputChars: 256 },
  reward: { rule: "equivalence" },
  optimizer: { maxTokensPerMicroBatch: 1_024, gradientCheckpointing: true },
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
  train: {
    steps: 100,
    promptsPerStep: 8,
    groupSize: 8,
    learningRate: { peak: 1e-6, kind: "constant" },
    saveEvery: 20,
    trajectoriesEvery: 5,
  },
  eval: { problems: 64 },
} as const satisfies RecipeInput;

import type { RecipeInput } from "../recipe-config.js";

/** The quickstart. */
export const TINY = {
  sft: {
    stages: [
      {
        name: "clean",
        mixture: "clean",
        steps: 1_000,
        batchSize: 32,
        learningRate: { peak: 5e-3, warmupSteps: 30, kind: "linear", floor: 0.1 },
        stopAtAccuracy: 0.95,
        validateEvery: 40,
        validateFrom: 360,
        validationProblems: 200,
      },
      {
        name: "imperfect",
        mixture: "imperfect",
        steps: 140,
        batchSize: 32,
        learningRate: { peak: 1.2e-3, kind: "linear", floor: 0.2 },
      },
    ],
  },
  train: {
    steps: 50,
    promptsPerStep: 16,
    groupSize: 8,
    evaluateEvery: 10,
    learningRate: { peak: 6e-4, warmupSteps: 5, kind: "linear", floor: 0.1 },
  },
} as const satisfies RecipeInput;

/** Sizes at which every part runs in seconds. */
export const SMOKE = {
  model: { hiddenSize: 32, intermediateSize: 64, layers: 1, heads: 2, kvHeads: 2 },
  tokenizer: { texts: 300 },
  sft: {
    stages: [
      { name: "clean", mixture: "clean", steps: 6, batchSize: 8, learningRate: { peak: 5e-3 } },
      { name: "imperfect", mixture: "imperfect", steps: 4, batchSize: 8, learningRate: { peak: 1e-3 } },
    ],
  },
  train: { steps: 3, promptsPerStep: 2, groupSize: 2, learningRate: { peak: 6e-4 }, saveEvery: 2, trajectoriesEvery: 1 },
  eval: { problems: 20 },
} as const satisfies RecipeInput;

import type { RecipeInput } from "../recipe-config.js";
import { PAPER_RESULT } from "./interpreter.js";
import { ONE_MACHINE } from "./one-machine.js";

/** Room for the text of a real model, its own chat template, and the paper's text around interpreter output. */
export const PRETRAINED = {
  ...ONE_MACHINE,
  dialect: PAPER_RESULT,
  sampler: { maxSequences: 64, kvCacheMiB: 1_024 },
} as const satisfies RecipeInput;

/** SmolLM2-135M-Instruct, small enough for a laptop's CPU: few tokens, few rollouts, higher learning rates. */
export const SMOLLM2_135M = {
  ...PRETRAINED,
  budgets: { maxResponseTokens: 256, maxTurns: 3, maxToolCalls: 2, maxToolOutputChars: 128 },
  sft: {
    stages: [
      { ...PRETRAINED.sft.stages[0], steps: 20, batchSize: 8, learningRate: { peak: 1e-4, warmupSteps: 3, kind: "cosine", floor: 0.1 } },
    ],
    saveEvery: 20,
  },
  train: { ...PRETRAINED.train, steps: 10, promptsPerStep: 4, groupSize: 4, learningRate: { peak: 5e-6, kind: "constant" }, saveEvery: 10 },
} as const satisfies RecipeInput;

import { AIME_2024, DAPO_MATH, RETOOL_SFT } from "./datasets.js";
import { TIMEOUT_NOTE } from "./interpreter.js";
import type { ModelPreset } from "./model-preset.js";

/** slime's ReTool example. */
export const SLIME_PRESETS = {
  "slime-4b": {
    config: {
      data: { train: DAPO_MATH, validation: "test", test: AIME_2024 },
      optimizer: { beta1: 0.9, beta2: 0.98, weightDecay: 0.1, maxTokensPerMicroBatch: 9_216 },
      sandbox: { language: "python", wallMs: 120_000, memoryMiB: 1_024, workers: 32, outputChars: 65_536 },
      dialect: { resultOpen: "\n\n<interpreter>\n", resultClose: "\n</interpreter>\n\n" },
      sft: {
        stages: [
          {
            name: "retool-sft",
            source: { ...RETOOL_SFT, maxTokens: 9_216, tooLong: "leave-out" },
            steps: 45,
            batchSize: 128,
            learningRate: { peak: 1e-5, kind: "cosine", warmupSteps: 5, floor: 0.1 },
          },
        ],
      },
      budgets: { maxResponseTokens: 8_192, maxTurns: 16, maxToolCalls: 16, maxToolOutputChars: 65_536 },
      reward: { rule: "math-dapo-strict", parts: [{ kind: "tool-calls", count: "toolCalls" }] },
      train: {
        advantage: "grpo",
        steps: 3_000,
        promptsPerStep: 32,
        groupSize: 8,
        updatesPerStep: 1,
        learningRate: { peak: 1e-6, kind: "constant" },
        clipLow: 0.2,
        clipHigh: 0.28,
        dualClip: null,
        entropyCoef: 0,
        sampling: { temperature: 1, topP: 1, topK: 0 },
        evaluateEvery: 20,
      },
      eval: { problems: 30, samples: 16, sampling: { temperature: 1, topP: 1, topK: 0 } },
    },
    model: "Qwen3-4B-Instruct-2507",
    sources: ["THUDM/slime @ 624b824, examples/retool/"],
    notes: [
      "sft.stages: rows of more than 9,216 tokens are left out; the recipe packs so many on each GPU. 45 steps are three epochs of 15 whole batches",
      "data.validation: the test problems themselves, as in the recipe",
      "optimizer.beta2: of the RL run, 0.98; the recipe's SFT has betas 0.9 and 0.95",
      "budgets.maxResponseTokens: 8,192 per response; the recipe allows that many per turn, within 9,216 tokens of context, longest prompt included, and 16,384 in validation",
      "budgets.maxToolOutputChars: the recipe has none; 65,536 are more than its context holds",
      "dialect: calls are in <code> tags; the recipe also takes <tool_call> and bare fences, ends at Answer: \\boxed{}, writes Output: or Error: before results, and answers an invalid action with a message",
      "prompt.system: none; the recipe has a system message of its own, which can be named there",
      "sandbox.memoryMiB: 1,024 is the most that the sandbox allows; the recipe has 4 GB, and a list of modules and names that code may use",
      TIMEOUT_NOTE,
      "train.aggregation: the recipe leaves it to the framework; token-mean here. Its KL loss has weight 0 and is left out",
    ],
  },
} as const satisfies Record<string, ModelPreset>;

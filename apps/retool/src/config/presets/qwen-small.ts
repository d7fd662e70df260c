import { PAPER_RESULT } from "./interpreter.js";
import type { ModelPreset } from "./model-preset.js";
import { ONE_MACHINE } from "./one-machine.js";

/** A small model on this project's generated problems: the objective of verl's GRPO recipe at a size that one machine can run. */
export const QWEN_SMALL_PRESETS = {
  "qwen2.5-0.5b": {
    config: { ...ONE_MACHINE, dialect: PAPER_RESULT, optimizer: { ...ONE_MACHINE.optimizer, beta1: 0.9, beta2: 0.999, weightDecay: 0.01 } },
    model: "Qwen2.5-0.5B-Instruct",
    sources: ["objective, learning rates and AdamW as in verl-grpo-7b; sizes are this project's own"],
    notes: [
      "sft.stages: AdamW's second beta is 0.999 here too; verl's SFT has 0.95, and its learning rate falls to 0",
      "dialect, reward: this project's, with the paper's text around output; verl-grpo-7b has Hermes' calls and a shaped reward",
      "train.updatesPerStep: one; verl-grpo-7b makes 4",
    ],
  },
} as const satisfies Record<string, ModelPreset>;

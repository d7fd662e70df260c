import type { ModelPreset } from "./model-preset.js";
import { ONE_MACHINE } from "./one-machine.js";

/** A small model on this project's generated problems: the objective of verl's GRPO recipe at a size that one machine can run. */
export const QWEN_SMALL_PRESETS = {
  "qwen2.5-0.5b": {
    config: { ...ONE_MACHINE, optimizer: { ...ONE_MACHINE.optimizer, beta1: 0.9, beta2: 0.999, weightDecay: 0.01 } },
    model: "Qwen2.5-0.5B-Instruct",
    sources: ["objective, learning rates and AdamW as in verl-grpo-7b; sizes are this project's own"],
    notes: [],
  },
} as const satisfies Record<string, ModelPreset>;

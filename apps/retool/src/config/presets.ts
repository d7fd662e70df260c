import type { ModelPreset } from "./presets/model-preset.js";
import { PAPER_PRESETS } from "./presets/paper.js";
import { PRETRAINED, SMOLLM2_135M } from "./presets/pretrained.js";
import { QWEN_SMALL_PRESETS } from "./presets/qwen-small.js";
import { SLIME_PRESETS } from "./presets/slime.js";
import { VERL_PRESETS } from "./presets/verl.js";
import type { RecipeInput } from "./recipe-config.js";

/** Recipes for published models, by name, with their sources. */
export const MODEL_PRESETS = { ...PAPER_PRESETS, ...VERL_PRESETS, ...SLIME_PRESETS, ...QWEN_SMALL_PRESETS } as const satisfies Record<
  string,
  ModelPreset
>;

/** Recipes by name; a config file names one with `preset:` and overrides parts of it. */
export const PRESETS = {
  /** The quickstart: a 200,000-parameter policy learns to use a JavaScript interpreter from random weights in minutes on two cores. */
  tiny: {
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
  },
  /** Seconds instead of minutes: every part runs, nothing is learned. For trying a set-up. */
  smoke: {
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
  },
  "qwen2.5-32b-paper": MODEL_PRESETS["qwen2.5-32b-paper"].config,
  "verl-grpo-32b": MODEL_PRESETS["verl-grpo-32b"].config,
  "verl-grpo-7b": MODEL_PRESETS["verl-grpo-7b"].config,
  "verl-ppo-32b": MODEL_PRESETS["verl-ppo-32b"].config,
  "qwen2.5-0.5b": MODEL_PRESETS["qwen2.5-0.5b"].config,
  "slime-4b": MODEL_PRESETS["slime-4b"].config,
  /** Any model with a chat template; name it with --from, or as `model.from`. */
  pretrained: PRETRAINED,
  "smollm2-135m": SMOLLM2_135M,
} as const satisfies Record<string, RecipeInput>;

export type PresetName = keyof typeof PRESETS;

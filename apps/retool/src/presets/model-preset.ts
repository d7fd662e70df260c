import type { RecipeInput } from "../recipe-config.js";
import type { ModelName } from "./model-shapes.js";

/** A recipe for a published model, with where its values come from. */
export interface ModelPreset {
  readonly config: RecipeInput;
  /** Name of the model on the Hugging Face hub. */
  readonly model: ModelName;
  /** Where its values come from. */
  readonly sources: readonly string[];
  /** Values that the source does not give, and what this config cannot say. */
  readonly notes: readonly string[];
}

/** Where the presets expect the data sets; `--set data.train.path=…` names another place. */
export const DAPO_MATH = { kind: "file", path: "data/dapo-math-17k.parquet" } as const;
export const AIME_2025 = { kind: "file", path: "data/aime-2025.parquet" } as const;
export const AIME_2024 = { kind: "file", path: "data/aime-2024.parquet" } as const;

/** What the recipes of others have in common: their cold start is a file of conversations. */
export const SFT_NOTE =
  "sft.stages: generated traces stand in for ReTool-SFT; steps, batch and learning rate are the recipe's, the 16,384-token rows are not";

import type { RecipeInput } from "../recipe-config.js";
import type { ModelName } from "./model-shapes.js";

/** A recipe for a published model, with where its values come from. */
export interface ModelPreset {
  readonly config: RecipeInput;
  /** Name of the model on the Hugging Face hub. */
  readonly model: ModelName;
  /** Sources of its values. */
  readonly sources: readonly string[];
  /** Values that the source does not give, and what this config cannot say. */
  readonly notes: readonly string[];
}

import { useBackend } from "@retool-ts/policy";
import { matmulSpeed } from "./estimate.js";
import { MODEL_SHAPES } from "../config/presets/model-shapes.js";
import type { ModelPreset } from "../config/presets/model-preset.js";
import { MODEL_PRESETS } from "../config/presets.js";
import { describeDatasets } from "../setup/datasets-of-run.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { describeRequirements, machineMemory, requirementsOf } from "./requirements.js";

/** The published recipe of a name, undefined for presets of this project's own. */
export function modelPreset(name: string | undefined): ModelPreset | undefined {
  return name !== undefined && Object.hasOwn(MODEL_PRESETS, name) ? MODEL_PRESETS[name as keyof typeof MODEL_PRESETS] : undefined;
}

/** What a published recipe says, whence, and what it would need: for a dry run, which has no weights. */
export async function modelPlan({ model, sources, notes }: ModelPreset, config: RecipeConfig, parts: RecipeParts): Promise<string> {
  const backend = await useBackend(config.backend);
  const machine = { memoryBytes: machineMemory(), flopPerSecond: await matmulSpeed() };
  return [
    `model        ${model}; its weights are at Qwen/${model} on the Hugging Face hub, for --from`,
    `backend      ${backend}, ${(machine.flopPerSecond / 1e9).toFixed(0)} GFLOP/s in a matrix product`,
    describeRequirements(requirementsOf(MODEL_SHAPES[model], config), machine),
    "",
    "data",
    ...describeDatasets(config, parts).map((dataset) => `  ${dataset}`),
    "values from",
    ...sources.map((source) => `  ${source}`),
    "not as published, or not given",
    ...notes.map((note) => `  ${note}`),
    "",
  ].join("\n");
}

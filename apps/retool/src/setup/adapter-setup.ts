import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { adapterBaseModel, isAdapterFolder, loadAdapter, saveAdapter, type Parameters } from "@retool-ts/policy";
import { writeFileAtomic } from "@retool-ts/runs";
import { localModel } from "./hub-files.js";
import { tokenizerFiles, type PolicyModel } from "./model-setup.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** A path as the model to load and the adapter on it. */
export interface AdapterSource {
  /** null = random weights. */
  readonly base: string | null;
  readonly adapter: string | null;
}

/**
 * Whether a path names an adapter, and which model it stands on. Names in the adapter's config are seen from its own folder first.
 *
 * @throws InputError when the adapter does not say.
 */
export async function findAdapter(path: string | null): Promise<AdapterSource> {
  if (path === null || !(await isAdapterFolder(path))) return { base: path, adapter: null };
  const named = await adapterBaseModel(path);
  if (named === undefined) {
    const problem = { what: "adapter", where: `${path}: adapter_config.json`, expected: "base_model_name_or_path", found: "none" };
    throw new InputError({ ...problem, fix: "add the folder of the base model" });
  }
  const near = resolve(path, named);
  return { base: existsSync(near) ? near : await localModel(named), adapter: path };
}

/** How an adapter's files name the model it stands on: a folder or file in full, a name on a hub as it is. */
export function baseName(base: string): string {
  return existsSync(base) ? resolve(base) : base;
}

/** Puts the adapter of a folder, or the fresh one that a config asks for, on a model. When that fails, the model is freed. */
export async function setUpAdapter(parameters: Parameters, adapter: string | null, { model, seed }: RecipeConfig): Promise<void> {
  try {
    if (adapter !== null) await loadAdapter(adapter, parameters, { seed });
    else if (model.lora !== null) parameters.addAdapter({ ...model.lora, seed });
  } catch (error) {
    parameters.dispose();
    throw error;
  }
}

/** Writes a model's adapter and its tokenizer. */
export async function saveAdapterFolder(folder: string, model: PolicyModel, baseModel: string): Promise<void> {
  for (const [name, text] of Object.entries(tokenizerFiles(model))) await writeFileAtomic(join(folder, name), text);
  await saveAdapter(folder, model.engine.parameters, { baseModel });
}

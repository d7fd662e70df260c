import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { engineFiles, saveAdapter, saveModel, type SaveModelOptions } from "@retool-ts/policy/node";
import { writeFileAtomic, type RunFolder } from "@retool-ts/runs";
import type { LoadedModel } from "./model-setup.js";

/** Writes weights, model config and tokenizer as a Hugging Face folder. */
export async function saveModelFolder(folder: string, model: LoadedModel, options: Partial<SaveModelOptions> = {}): Promise<void> {
  const { engine, tokenizer } = model;
  await saveModel(folder, engine.parameters, {
    ...(tokenizer.eosTokenId === undefined ? {} : { eosTokenId: tokenizer.eosTokenId }),
    ...(tokenizer.padTokenId === undefined ? {} : { padTokenId: tokenizer.padTokenId }),
    files: tokenizerFiles(model),
    ...options,
  });
}

/** Writes a checkpoint of a run: the model or its adapter, its tokenizer, and the optimizer. */
export async function saveRunModel(folder: string, model: LoadedModel, run: RunFolder): Promise<void> {
  if (model.engine.parameters.lora === undefined) await saveModelFolder(folder, model);
  else await saveAdapterFolder(folder, model, await baseOfRun(run, model));
  await engineFiles.saveOptimizer(folder, model.engine.optimizer);
}

/** The model that a run's adapters stand on: the one it was given, or the random weights it began with, which it keeps. */
async function baseOfRun(run: RunFolder, model: LoadedModel): Promise<string> {
  if (model.base !== null) return baseName(model.base);
  const folder = run.file("base");
  if (!existsSync(join(folder, "model.safetensors"))) await saveModelFolder(folder, model, { adapter: "omit" });
  return "../../base";
}

/** The files that a tokenizer is loaded from, by name. */
export function tokenizerFiles({ tokenizer, eosTokenIds }: Pick<LoadedModel, "tokenizer" | "eosTokenIds">): Record<string, string> {
  const { tokenizer: json, config } = tokenizer.files;
  return {
    "tokenizer.json": `${JSON.stringify(json)}\n`,
    "tokenizer_config.json": `${JSON.stringify(config ?? {}, null, 2)}\n`,
    "generation_config.json": `${JSON.stringify({ eos_token_id: eosTokenIds }, null, 2)}\n`,
  };
}

/** Writes a model's adapter and its tokenizer. */
export async function saveAdapterFolder(folder: string, model: LoadedModel, baseModel: string): Promise<void> {
  for (const [name, text] of Object.entries(tokenizerFiles(model))) await writeFileAtomic(join(folder, name), text);
  await saveAdapter(folder, model.engine.parameters, { baseModel });
}

/** Name of the model that an adapter stands on, as its files have it: a folder or file in full, a name on a hub as it is. */
export function baseName(base: string): string {
  return existsSync(base) ? resolve(base) : base;
}

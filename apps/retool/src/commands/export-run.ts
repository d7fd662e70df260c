import { readdirSync, statSync } from "node:fs";
import { InputError } from "@retool-ts/core";
import { adapterBaseModel, isAdapterFolder, type FloatType } from "@retool-ts/policy/node";
import { baseName, saveAdapterFolder, saveModelFolder } from "../setup/save-model.js";
import { checkpointConfig, resolveCheckpoint } from "../setup/checkpoint-source.js";
import type { CliContext } from "../shell/cli-context.js";
import { isGguf } from "../setup/model-files.js";
import { setUpModel } from "../setup/model-setup.js";

export interface ExportOptions {
  readonly model: string;
  readonly output: string;
  readonly merge: boolean;
  /** The name of an adapter's base model in its files, instead of the one it was trained on. */
  readonly base?: string;
  readonly dtype: FloatType;
}

/** Writes a checkpoint as a model that `transformers` loads, or, when it is an adapter that is not to be merged, as PEFT does. */
export async function exportCheckpoint(
  { model: name, output, merge, base, dtype }: ExportOptions,
  { print, reporter, signal }: CliContext,
): Promise<void> {
  const info = statSync(output, { throwIfNoEntry: false });
  if (info !== undefined && (!info.isDirectory() || readdirSync(output).length > 0)) {
    const found = info.isDirectory() ? `${output} with files in it` : `the file ${output}`;
    throw new InputError({ what: "retool export", where: "--output", expected: "a new or empty folder", found, fix: "name another one" });
  }
  const folder = await resolveCheckpoint(name, { reporter, signal });
  if (!merge) await checkBase(folder, base);
  const model = await setUpModel(await checkpointConfig(folder, { set: [] }), folder);
  try {
    if (model.engine.parameters.lora === undefined || merge) {
      await saveModelFolder(output, model, { dtype });
      print(`model of ${folder} in ${dtype}: ${output}`);
      return;
    }
    if (dtype !== "float32") {
      const problem = { what: "retool export", where: "--dtype", expected: "float32 for an adapter", found: dtype };
      throw new InputError({ ...problem, fix: "pass --merge to write the whole model" });
    }
    await saveAdapterFolder(output, model, base ?? baseName(model.base ?? folder));
    print(`adapter of ${folder}: ${output}`);
  } finally {
    model.dispose();
  }
}

/**
 * PEFT loads the base of an adapter by the name in its files, and no `.gguf` file.
 *
 * @throws InputError when that would be the name.
 */
async function checkBase(folder: string, base: string | undefined): Promise<void> {
  const named = base ?? ((await isAdapterFolder(folder)) ? await adapterBaseModel(folder) : undefined);
  if (named === undefined || !isGguf(named)) return;
  throw new InputError({
    what: "retool export",
    where: base === undefined ? folder : "--base",
    expected: "an adapter whose base PEFT can load, a folder or a name on a hub",
    found: named,
    fix: `write the base with retool export ${named} --output FOLDER and name it with --base FOLDER, or the model that the file was made of with --base OWNER/NAME, or pass --merge to write the whole model`,
  });
}

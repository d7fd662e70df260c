import { readdirSync, statSync } from "node:fs";
import { InputError } from "@retool-ts/core";
import type { FloatType } from "@retool-ts/policy/node";
import { baseName, saveAdapterFolder, saveModelFolder } from "../setup/save-model.js";
import { checkpointConfig, resolveCheckpoint } from "../setup/checkpoint-source.js";
import type { CliContext } from "../shell/cli-context.js";
import { setUpModel } from "../setup/model-setup.js";

export interface ExportOptions {
  readonly checkpoint: string;
  readonly out: string;
  readonly merge: boolean;
  readonly dtype: FloatType;
}

/** Writes a checkpoint as a model that `transformers` loads, or, when it is an adapter that is not to be merged, as PEFT does. */
export async function exportCheckpoint(
  { checkpoint, out, merge, dtype }: ExportOptions,
  { print, reporter, signal }: CliContext,
): Promise<void> {
  const info = statSync(out, { throwIfNoEntry: false });
  if (info !== undefined && (!info.isDirectory() || readdirSync(out).length > 0)) {
    const found = info.isDirectory() ? `${out} with files in it` : `the file ${out}`;
    throw new InputError({ what: "retool export", where: "--out", expected: "a new or empty folder", found, fix: "name another one" });
  }
  const folder = await resolveCheckpoint(checkpoint, { reporter, signal });
  const model = await setUpModel(await checkpointConfig(folder, { set: [] }), folder);
  try {
    if (model.engine.parameters.lora === undefined || merge) {
      await saveModelFolder(out, model, { dtype });
      print(`model of ${folder} in ${dtype}: ${out}`);
      return;
    }
    if (dtype !== "float32") {
      const problem = { what: "retool export", where: "--dtype", expected: "float32 for an adapter", found: dtype };
      throw new InputError({ ...problem, fix: "pass --merge to write the whole model" });
    }
    await saveAdapterFolder(out, model, baseName(model.base ?? folder));
    print(`adapter of ${folder}: ${out}`);
  } finally {
    model.dispose();
  }
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { modelConfigFromHuggingFace, type ModelConfig } from "@retool-ts/policy";
import { readModelConfig } from "@retool-ts/policy/node";
import { isGguf } from "./model-files.js";

/** The shape of a model by its `config.json` alone, for an engine that has the weights elsewhere. */
export async function readShape(path: string): Promise<ModelConfig> {
  if (isGguf(path)) return readModelConfig(path);
  const file = join(path, "config.json");
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message;
    const problem = { what: "model", where: file, expected: "the config of the base model", found };
    throw new InputError(
      { ...problem, fix: "name a Hugging Face folder of the base model, or a checkpoint of a run on a server" },
      { cause },
    );
  }
  return modelConfigFromHuggingFace(json, file);
}

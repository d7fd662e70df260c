import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { isAdapterFolder } from "@retool-ts/policy";
import { parse } from "yaml";
import { checkConfig, loadConfig } from "./load-config.js";
import type { RecipeConfig } from "./recipe-config.js";
import { openRunFolder } from "./run-folder.js";

/** What may stand over the config of a checkpoint's run. */
export interface CheckpointConfigOptions {
  /** A config file, instead of the run's. */
  readonly config?: string;
  readonly set: readonly string[];
}

/** A folder with a model in it, given directly or as a run. */
export async function resolveCheckpoint(path: string): Promise<string> {
  const isModel = await stat(`${path}/config.json`).then(
    () => true,
    () => false,
  );
  if (isModel || (await isAdapterFolder(path))) return path;
  const checkpoint = await (await openRunFolder(path)).latestCheckpoint();
  if (checkpoint === undefined) {
    throw new InputError({
      what: "checkpoint",
      where: path,
      expected: "a run with a finished checkpoint",
      found: "none",
      fix: "name another run or a model folder",
    });
  }
  return checkpoint.path;
}

/** The config of the run that a checkpoint is in, so that prompt, dialect and budgets are those it was trained with. */
export async function checkpointConfig(folder: string, { config, set }: CheckpointConfigOptions): Promise<RecipeConfig> {
  const ofRun = join(dirname(dirname(folder)), "config.yaml");
  const isInRun = await stat(ofRun).then(
    () => true,
    () => false,
  );
  if (config !== undefined || !isInRun) return loadConfig({ ...(config === undefined ? {} : { file: config }), set });
  if (set.length > 0) return loadConfig({ file: ofRun, set });
  return checkConfig(parse(await readFile(ofRun, "utf8")), (keys) => `${ofRun}: ${keys.join(".")}`);
}

import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { InputError } from "@retool-ts/core";
import { isAdapterFolder } from "@retool-ts/policy/node";
import type { AdvantageFunction } from "@retool-ts/train";
import { localModel, type HubContext } from "./hub-files.js";
import { loadConfig } from "../config/load-config.js";
import { hasChatTemplate, isGguf, isModel } from "./model-files.js";
import type { PresetName } from "../config/presets.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { openRunFolder, RunFolder } from "@retool-ts/runs";
import { movedPlugins } from "./moved-plugins.js";
import { readRunConfig } from "../config/run-config.js";

/** Settings over the config of a checkpoint's run. */
export interface CheckpointConfigOptions {
  /** A config file, instead of the run's. */
  readonly config?: string;
  /** A preset, instead of the run's config. */
  readonly preset?: PresetName;
  readonly set: readonly string[];
  /** Settings of a program, like those of a file. */
  readonly settings?: unknown;
  /** Plugins beside those of the config. */
  readonly plugin?: readonly string[];
  /** An advantage of a program's own. */
  readonly advantage?: AdvantageFunction;
}

/**
 * The model that a path names: a Hugging Face folder, a checkpoint, a `.gguf` file, or a run, whose newest checkpoint it is.
 * A model on a hub is brought to this machine; see {@link localModel}.
 *
 * @throws InputError when there is none.
 */
export async function resolveCheckpoint(name: string, context: HubContext = {}): Promise<string> {
  const path = await localModel(name, context);
  if ((await isModel(path)) || (await isAdapterFolder(path))) return path;
  if (isGguf(path)) {
    throw new InputError({ what: "checkpoint", where: path, expected: "a GGUF file", found: "no such file", fix: "check the path" });
  }
  const checkpoint = await (await openRunFolder(path)).latestCheckpoint();
  if (checkpoint === undefined) {
    throw new InputError({
      what: "checkpoint",
      where: path,
      expected: "a run with a finished checkpoint",
      found: "none",
      fix: "name another run, a Hugging Face folder or a .gguf file",
    });
  }
  return checkpoint.path;
}

/**
 * The config to use a checkpoint with: that of the run it is in, so that prompt, dialect and budgets are those it was trained with.
 * Another model with a chat template gets the preset `pretrained`.
 */
export async function checkpointConfig(
  path: string,
  { config, preset, set, settings, plugin: plugins = [], advantage }: CheckpointConfigOptions,
): Promise<RecipeConfig> {
  const run = new RunFolder(dirname(dirname(path)));
  const isInRun = basename(dirname(path)) === "checkpoints" && existsSync(run.file("config.yaml"));
  if (config !== undefined || preset !== undefined || !isInRun) {
    const chosen = preset ?? (config === undefined && (await hasChatTemplate(path)) ? "pretrained" : undefined);
    return loadConfig({
      ...(config === undefined ? {} : { file: config }),
      ...(chosen === undefined ? {} : { preset: chosen }),
      set,
      settings,
      plugins,
      ...(advantage && { advantage }),
    });
  }
  const isChanged = set.length > 0 || settings !== undefined;
  const ofRun = isChanged
    ? await loadConfig({ file: run.file("config.yaml"), set, settings, ...(advantage && { advantage }) })
    : await readRunConfig(run);
  return { ...ofRun, plugins: [...movedPlugins(ofRun.plugins, plugins).plugins] };
}

import type { Command } from "commander";
import type { ConfigSources } from "../config/load-config.js";
import { describePresets } from "../config/presets.js";
import { engineSettings, type EngineOptions } from "./engine-options.js";
import { repeated } from "./option-values.js";

/** Options of every command that takes a config. */
export interface RunOptions extends EngineOptions {
  readonly preset?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly plugin?: readonly string[];
  readonly run: string;
  readonly from?: string;
  readonly model?: string;
  readonly resume: boolean;
  readonly dryRun: boolean;
  readonly json?: boolean;
}

export function addConfigOptions(command: Command): Command {
  return command
    .option("--preset <name>", `recipe to start from: ${describePresets()}`)
    .option("-c, --config <file>", "YAML file with settings that go over the preset")
    .option("-s, --set <key=value>", "one setting, such as train.steps=100; may be repeated", repeated, [])
    .option("--plugin <file>", "module with tools, rewards, problems or losses of your own; may be repeated", repeated, []);
}

export function addRunOptions(command: Command, folder: string): Command {
  return addConfigOptions(command)
    .option("-r, --run <folder>", "folder of the run", folder)
    .option("--resume", "go on from the newest checkpoint in --run, with the config kept there", false)
    .option("--dry-run", "print the resolved config and the memory and time to expect, and stop", false)
    .option("--json", "print the result as JSON", false);
}

/** Adds the option that names the weights, for commands that can start from a model. */
export function addModelOption(command: Command): Command {
  return command
    .option("--from <path>", "model to start from: a run, checkpoint, Hugging Face folder, .gguf file or hub:owner/name")
    .option("-m, --model <path>", "the same as --from");
}

type Sources = Pick<RunOptions, "preset" | "config" | "set" | "plugin"> & EngineOptions;

export function configSources({ preset, config, set, plugin, ...engine }: Sources): ConfigSources {
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(config === undefined ? {} : { file: config }),
    set: [...engineSettings(engine), ...set],
    ...(plugin && { plugins: plugin }),
  };
}

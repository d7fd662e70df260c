import type { Command } from "commander";
import type { ConfigSources } from "../config/load-config.js";
import { describePresets, type PresetName } from "../config/presets.js";
import { optional } from "../shell/option-texts.js";
import { addOutput } from "./model-options.js";
import type { Throughput } from "../plan/far-plan.js";
import { engineSettings, type EngineOptions } from "./engine-options.js";
import { repeated } from "./option-values.js";

/** Options of every command that takes a config. */
export interface RunOptions extends EngineOptions {
  readonly preset?: PresetName;
  readonly config?: string;
  readonly set: readonly string[];
  readonly plugin?: readonly string[];
  /** Folder of the run. */
  readonly output: string;
  /** Weights to start from. */
  readonly model?: string;
  readonly resume: boolean;
  readonly dryRun: boolean;
  /** Of the server, for the time of a dry run. */
  readonly throughput?: Throughput;
  readonly json?: boolean;
}

/** Adds the options that a config comes from. */
export function addConfigOptions(command: Command): Command {
  return command
    .addOption(optional("--preset <name>", `recipe to start from: ${describePresets()}`, "tiny, or that of --config"))
    .option("-c, --config <file>", "YAML file with settings that go over the preset; - is standard input")
    .option("-s, --set <key=value>", "one setting, such as train.steps=100; may be repeated", repeated, [])
    .option("--plugin <file>", "module with tools, rewards, problems or losses of your own; may be repeated", repeated, []);
}

/** Adds the options of a command that uses a model with the config it was trained with. */
export function addModelConfigOptions(command: Command): Command {
  const unless = "the config of the model's run; of other models with a chat template: pretrained";
  return command
    .addOption(optional("--preset <name>", "recipe whose settings are used; retool train --help names them", unless))
    .addOption(
      optional(
        "-c, --config <file>",
        "YAML file with settings that go over the preset; - is standard input",
        "the config of the model's run",
      ),
    )
    .option("-s, --set <key=value>", "one setting; may be repeated", repeated, [])
    .option("--plugin <file>", "module with tools or rewards of your own; may be repeated", repeated, []);
}

/** Adds the options of a command that makes a run. */
export function addRunOptions(command: Command, folder: string): Command {
  return addOutput(addConfigOptions(command), "folder of the run", folder)
    .option("--resume", "go on from the newest checkpoint in --output, with the config kept there", false)
    .option("--dry-run", "print the resolved config and the memory and time to expect, and stop", false)
    .option("--json", "print the result as JSON", false);
}

type Sources = Pick<RunOptions, "preset" | "config" | "set" | "plugin"> & Partial<Pick<RunOptions, "dryRun" | "model">> & EngineOptions;

/** A plan of a preset on a server needs no address; a config or a run may have one. */
export function configSources({ preset, config, set, plugin, dryRun = false, model, ...engine }: Sources): ConfigSources {
  const isPlan = dryRun && config === undefined && model === undefined;
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(config === undefined ? {} : { file: config }),
    set: [...engineSettings(engine, isPlan), ...set],
    ...(plugin && { plugins: plugin }),
  };
}

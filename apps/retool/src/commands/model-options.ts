import type { Command } from "commander";
import { optional, refuseSpellings } from "../shell/option-texts.js";

/** Names that a command's model may be given by. */
export interface ModelOption {
  readonly model?: string;
}

/** Adds the model a command works with: as its argument, or with `--model`. */
export function addModel(command: Command, use: string, unless = "the argument"): Command {
  const what = `${use}: a run, checkpoint, Hugging Face folder, .gguf file or hub:owner/name`;
  return refuseSpellings(command.argument("[model]", what).addOption(optional("-m, --model <path>", "the argument as an option", unless)), {
    "--from <path>": "--model, or the argument",
    "--checkpoint <path>": "--model, or the argument",
  });
}

/** The model that was named, as argument or with `--model`; ends the command where both are given and differ. */
export function namedModel(argument: string | undefined, { model }: ModelOption, command: Command): string | undefined {
  if (argument !== undefined && model !== undefined && argument !== model) {
    command.error(`error: two models are named, ${argument} and ${model}\n(Leave out one of them.)`);
  }
  return argument ?? model;
}

/** The model that was named; ends the command where there is none. */
export function requiredModel(argument: string | undefined, options: ModelOption, command: Command): string {
  return namedModel(argument, options, command) ?? command.error("error: missing required argument 'model'");
}

/** Adds the place to write to. */
export function addOutput(command: Command, description: string, folder: string): Command {
  return refuseSpellings(command.option("-o, --output <folder>", description, folder), { "-r, --run <folder>": "--output" });
}

import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { ExportOptions } from "./export-run.js";
import { optional, refuseSpellings } from "../shell/option-texts.js";
import { addModel, requiredModel, type ModelOption } from "./model-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("export")
    .description("write a checkpoint as a Hugging Face model folder, or as a PEFT adapter")
    .requiredOption("-o, --output <folder>", "new folder to write to")
    .option("--merge", "add an adapter to the weights it stands on, and write the whole model", false)
    .addOption(
      optional(
        "--base <name>",
        "base model that an adapter's files name; needed where it was trained on a .gguf file, which PEFT does not load",
        "the one it was trained on",
      ),
    )
    .addOption(new Option("--dtype <type>", "how weights are stored").choices(["float32", "float16", "bfloat16"]).default("float32"));
  addModel(command, "model to write");
  refuseSpellings(command, { "--out <folder>": "--output" });
  command.action(async (argument: string | undefined, options: Omit<ExportOptions, "model"> & ModelOption) => {
    const { exportCheckpoint } = await import("./export-run.js");
    await exportCheckpoint({ ...options, model: requiredModel(argument, options, command) }, context);
  });
}

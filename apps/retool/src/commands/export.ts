import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { ExportOptions } from "./export-run.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("export")
    .description("write a checkpoint as a Hugging Face model folder, or as a PEFT adapter")
    .requiredOption("--checkpoint <folder>", "checkpoint, or run whose newest checkpoint to write")
    .requiredOption("-o, --out <folder>", "new folder to write to")
    .option("--merge", "add an adapter to the weights it stands on, and write the whole model", false)
    .option(
      "--base <name>",
      "base model that an adapter's files name; needed where it was trained on a .gguf file, which PEFT does not load",
    )
    .addOption(new Option("--dtype <type>", "how weights are stored").choices(["float32", "float16", "bfloat16"]).default("float32"))
    .action(async (options: ExportOptions) => {
      const { exportCheckpoint } = await import("./export-run.js");
      await exportCheckpoint(options, context);
    });
}

import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addEngineOptions } from "./engine-options.js";
import { addModel, namedModel } from "./model-options.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program.command("sft").description("cold start: supervised fine-tuning on generated traces whose code is really run");
  addRunOptions(
    addEngineOptions(addModel(command, "model to start from", "random weights, unless the config names others")),
    "runs/sft",
  ).action(async (argument: string | undefined, options: RunOptions) => {
    const { runCommand } = await import("./recipe-run.js");
    const model = namedModel(argument, options, command);
    await runCommand("sft", { sft: true, rl: false }, { ...options, ...(model !== undefined && { model }) }, context);
  });
}

import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addEngineOptions } from "./engine-options.js";
import { addModel, namedModel } from "./model-options.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program.command("train").description("reinforcement learning (GRPO) with tool calls, from a checkpoint");
  addRunOptions(addEngineOptions(addModel(command, "model to start from", "that of the config")), "runs/train").action(
    async (argument: string | undefined, options: RunOptions) => {
      const { runCommand } = await import("./recipe-run.js");
      const model = namedModel(argument, options, command);
      await runCommand("train", { sft: false, rl: true }, { ...options, ...(model !== undefined && { model }) }, context);
    },
  );
}

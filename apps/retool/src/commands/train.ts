import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addEngineOptions } from "./engine-options.js";
import { addModelOption, addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program.command("train").description("reinforcement learning (GRPO) with tool calls, from a checkpoint");
  addRunOptions(addEngineOptions(addModelOption(command)), "runs/train").action(async (options: RunOptions) => {
    const { runCommand } = await import("./recipe-run.js");
    await runCommand("train", { sft: false, rl: true }, options, context);
  });
}

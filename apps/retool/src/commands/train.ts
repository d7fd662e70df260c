import type { Command } from "commander";
import type { CliContext } from "../command-line.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("train")
    .description("reinforcement learning (GRPO) with tool calls, from a checkpoint")
    .option("--from <folder>", "checkpoint, or run whose newest checkpoint to start from");
  addRunOptions(command, "runs/train").action(async (options: RunOptions & { readonly from?: string }) => {
    const { runCommand } = await import("../run-command.js");
    await runCommand("train", { sft: false, rl: true }, options, context);
  });
}

import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addEngineOptions } from "./engine-options.js";
import { addModelOption, addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program.command("sft").description("cold start: supervised fine-tuning on generated traces whose code is really run");
  addRunOptions(addEngineOptions(addModelOption(command)), "runs/sft").action(async (options: RunOptions) => {
    const { runCommand } = await import("./recipe-run.js");
    await runCommand("sft", { sft: true, rl: false }, options, context);
  });
}

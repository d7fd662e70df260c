import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { addEngineOptions } from "./engine-options.js";
import { addModel, namedModel } from "./model-options.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

/** Starts the dashboard once the run's folder is there and its work begins. */
async function watchHook(run: string, context: CliContext): Promise<() => void> {
  const { watchBeside } = await import("./watch-beside.js");
  return () => watchBeside(run, [process.execPath, ...process.execArgv, process.argv[1]!], context);
}

export function register(program: Command, context: CliContext): void {
  const command = program.command("train").description("reinforcement learning (GRPO) with tool calls, from a checkpoint");
  addRunOptions(addEngineOptions(addModel(command, "model to start from", "that of the config")), "runs/train")
    .addOption(
      optional("--agent <file>", "module with an agent of your own, which is trained as it is", "agent.file of the config, else none"),
    )
    .option("--watch", "show the run in the browser while it goes on", false)
    .action(async (argument: string | undefined, options: RunOptions & { readonly agent?: string; readonly watch: boolean }) => {
      const { runCommand } = await import("./recipe-run.js");
      const model = namedModel(argument, options, command);
      const set = options.agent === undefined ? options.set : [...options.set, `agent.file=${JSON.stringify(options.agent)}`];
      const hooks = options.watch ? { onRlBegin: await watchHook(options.output, context) } : {};
      await runCommand("train", { sft: false, rl: true }, { ...options, set, ...(model !== undefined && { model }) }, context, hooks);
    });
}

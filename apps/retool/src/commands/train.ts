import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { addEngineOptions } from "./engine-options.js";
import { addModel, namedModel } from "./model-options.js";
import { repeated, tokensPerSecond } from "./option-values.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

/** Starts the dashboard once the run's folder is there and its work begins. */
async function watchHook(run: string, context: CliContext): Promise<() => void> {
  const { watchBeside } = await import("./watch-beside.js");
  return () => watchBeside(run, [process.execPath, ...process.execArgv, process.argv[1]!], context);
}

interface TrainOptions extends RunOptions {
  readonly agent?: string;
  readonly rollouts: readonly string[];
  readonly watch: boolean;
}

/** What an option sets; nothing where it is not given. */
function setting(key: string, value: unknown): string[] {
  return value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];
}

export function register(program: Command, context: CliContext): void {
  const command = program.command("train").description("reinforcement learning (GRPO) with tool calls, from a checkpoint");
  addRunOptions(addEngineOptions(addModel(command, "model to start from", "that of the config")), "runs/train")
    .addOption(
      optional("--agent <file>", "module with an agent of your own, which is trained as it is", "agent.file of the config, else none"),
    )
    .option("--rollouts <file>", "learn from recorded rollouts, a run's or a file's, in place of new ones; may be repeated", repeated, [])
    .addOption(
      optional("--throughput <S,T>", "tokens a second that the server samples and trains, for --dry-run", "not known", tokensPerSecond),
    )
    .option("--watch", "show the run in the browser while it goes on", false)
    .action(async (argument: string | undefined, options: TrainOptions) => {
      const { runCommand } = await import("./recipe-run.js");
      const model = namedModel(argument, options, command);
      const { agent, rollouts } = options;
      const set = [
        ...options.set,
        ...setting("agent.file", agent),
        ...setting("data.rollouts", rollouts.length > 0 ? rollouts : undefined),
      ];
      const hooks = options.watch ? { onRlBegin: await watchHook(options.output, context) } : {};
      await runCommand("train", { sft: false, rl: true }, { ...options, set, ...(model !== undefined && { model }) }, context, hooks);
    });
}

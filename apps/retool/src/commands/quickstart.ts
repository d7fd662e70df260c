import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("quickstart")
    .description("from random weights to a policy that uses a tool, in minutes: cold start, RL, report")
    .option("--seed <n>", "seed of everything random; default 1");
  addRunOptions(command, "runs/quickstart").action(async (options: RunOptions & { readonly seed?: string }) => {
    const { quickstart } = await import("./quickstart-run.js");
    const set = options.seed === undefined ? options.set : [...options.set, `seed=${options.seed}`];
    await quickstart({ ...options, set }, context);
  });
}

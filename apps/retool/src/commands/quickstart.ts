import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { wholeNumber } from "./option-values.js";
import { addRunOptions, type RunOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("quickstart")
    .description("from random weights to a policy that uses a tool, in minutes: cold start, RL, report")
    .addOption(optional("--seed <n>", "seed of everything random", "1, or that of the config", wholeNumber));
  addRunOptions(command, "runs/quickstart").action(async (options: RunOptions & { readonly seed?: number }) => {
    const { quickstart } = await import("./quickstart-run.js");
    const set = options.seed === undefined ? options.set : [...options.set, `seed=${options.seed}`];
    await quickstart({ ...options, set }, context);
  });
}

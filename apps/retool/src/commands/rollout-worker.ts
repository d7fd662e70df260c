import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addEngineOptions } from "./engine-options.js";
import { addModel, requiredModel, type ModelOption } from "./model-options.js";
import { positiveNumber } from "./option-values.js";
import type { RolloutWorkerOptions } from "./rollout-worker-run.js";
import { addConfigOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("rollout-worker")
    .description(
      "make rollouts for runs on other hosts: take them from a queue, sample from the run's engine, run tools here, until Ctrl-C",
    );
  addConfigOptions(addEngineOptions(addModel(command, "the run, or the model that it starts from, with the run's settings")))
    .option("--concurrency <n>", "rollouts at once", positiveNumber, 32)
    .addHelpText(
      "after",
      "\nThe first line of stdout is the name of the queue. What is undone at the end goes to other workers.\n\nExample:\n  $ retool rollout-worker runs/far --concurrency 64",
    )
    .action(async (argument: string | undefined, options: Omit<RolloutWorkerOptions, "model"> & ModelOption) => {
      const { workOnRollouts } = await import("./rollout-worker-run.js");
      await workOnRollouts({ ...options, model: requiredModel(argument, options, command) }, context);
    });
}

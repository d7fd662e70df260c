import type { Command } from "commander";
import type { ChatOptions } from "./chat-run.js";
import type { CliContext } from "../shell/cli-context.js";
import { nonNegativeNumber, repeated, wholeNumber } from "./option-values.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("chat")
    .description("ask a checkpoint questions and watch it call its tool")
    .argument("[checkpoint]", "run, checkpoint, Hugging Face folder or .gguf file to talk to")
    .option("--checkpoint <path>", "the same as an option")
    .option("--question <text>", "answer one question and stop")
    .option("--temperature <t>", "sampling temperature; 0 is greedy", nonNegativeNumber, 0)
    .option("--top-p <p>", "nucleus of the sampling distribution", nonNegativeNumber, 1)
    .option("--seed <n>", "seed of the sampling", wholeNumber, 1)
    .option("-c, --config <file>", "config, instead of that of the checkpoint's run")
    .option("--recipe <name>", "recipe preset instead of that config; default for other models with a chat template: pretrained")
    .option("-s, --set <key=value>", "one setting; may be repeated", repeated, [])
    .option("--plugin <file>", "module with tools or rewards of your own; may be repeated", repeated, [])
    .action(
      async (
        argument: string | undefined,
        options: Omit<ChatOptions, "checkpoint"> & { readonly checkpoint?: string },
        command: Command,
      ) => {
        const checkpoint = argument ?? options.checkpoint;
        if (checkpoint === undefined) command.error("error: missing required argument 'checkpoint'");
        const { chat } = await import("./chat-run.js");
        await chat({ ...options, checkpoint }, context);
      },
    );
}

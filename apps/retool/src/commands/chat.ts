import { InvalidArgumentError, type Command } from "commander";
import type { ChatOptions } from "../chat-command.js";
import type { CliContext } from "../command-line.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("chat")
    .description("ask a checkpoint questions and watch it call its tool")
    .argument("<checkpoint>", "checkpoint, or run whose newest checkpoint to talk to")
    .option("--question <text>", "answer one question and stop")
    .option("--temperature <t>", "sampling temperature; 0 is greedy", number, 0)
    .option("--top-p <p>", "nucleus of the sampling distribution", number, 1)
    .option("--seed <n>", "seed of the sampling", number, 1)
    .option("-c, --config <file>", "config, when the checkpoint is not in a run folder")
    .option("-s, --set <key=value>", "one setting; may be repeated", (value: string, all: string[]) => [...all, value], [])
    .action(async (checkpoint: string, options: Omit<ChatOptions, "checkpoint">) => {
      const { chat } = await import("../chat-command.js");
      await chat({ ...options, checkpoint }, context);
    });
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0 || text.trim() === "") throw new InvalidArgumentError("a number from 0 is needed.");
  return value;
}

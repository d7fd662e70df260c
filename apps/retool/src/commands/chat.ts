import type { Command } from "commander";
import type { ChatOptions } from "./chat-run.js";
import type { CliContext } from "../shell/cli-context.js";
import { optional, refuseSpellings } from "../shell/option-texts.js";
import { addEndpointOptions, namedEndpoint, type ParsedEndpointOptions } from "./endpoint-options.js";
import { addModel, requiredModel, type ModelOption } from "./model-options.js";
import { nonNegativeNumber, wholeNumber } from "./option-values.js";
import { addModelConfigOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const command = program.command("chat").description("ask a checkpoint questions and watch it call its tool");
  addModel(command, "model to talk to")
    .addOption(optional("--question <text>", "answer one question and stop", "questions are read from stdin"))
    .option("--temperature <t>", "sampling temperature; 0 is greedy", nonNegativeNumber, 0)
    .option("--top-p <p>", "nucleus of the sampling distribution", nonNegativeNumber, 1)
    .option("--seed <n>", "seed of the sampling", wholeNumber, 1);
  refuseSpellings(addModelConfigOptions(addEndpointOptions(command)), { "--recipe <name>": "--preset" });
  command.action(async (argument: string | undefined, options: Omit<ChatOptions, "model"> & ModelOption & ParsedEndpointOptions) => {
    const endpoint = namedEndpoint(options, command);
    if (endpoint !== undefined) {
      const { chatWithEndpoint } = await import("./chat-endpoint-run.js");
      return chatWithEndpoint({ ...options, ...endpoint, model: requiredModel(argument, options, command) }, context);
    }
    const { chat } = await import("./chat-run.js");
    await chat({ ...options, model: requiredModel(argument, options, command) }, context);
  });
}

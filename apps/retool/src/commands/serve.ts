import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { addModel, requiredModel, type ModelOption } from "./model-options.js";
import { positiveNumber, wholeNumber } from "./option-values.js";
import { addModelConfigOptions } from "./run-options.js";
import type { ServeModelOptions } from "./serve-run.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("serve")
    .description("serve a model as OpenAI's API (chat completions with tools, completions) until Ctrl-C");
  addModel(command, "model to serve")
    .option("--host <address>", "address to listen at; another than loopback needs a token", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber, 8000)
    .addOption(optional("--token <text>", "bearer token that requests must carry", "RETOOL_SERVE_TOKEN, else none"))
    .addOption(optional("--name <text>", "name of the model for clients", "the last part of its path"))
    .option("--max-sequences <n>", "sequences held at once, those kept for what they computed among them", positiveNumber, 32)
    .option("--queue-limit <n>", "requests that may wait before others get 429", wholeNumber, 256)
    .option("--max-body-bytes <n>", "longer requests get 413", positiveNumber, 4 * 2 ** 20)
    .option("--timeout <seconds>", "time that an answer may take", positiveNumber, 600)
    .option("--no-prefix-cache", "compute every prompt anew");
  addModelConfigOptions(command)
    .addHelpText(
      "after",
      "\nThe first line of stdout is the base URL for clients. /health and /metrics answer GET.\n\nExample:\n  $ retool serve runs/quickstart --port 8000",
    )
    .action(async (argument: string | undefined, options: Omit<ServeModelOptions, "model"> & ModelOption) => {
      const { serveModel } = await import("./serve-run.js");
      await serveModel({ ...options, model: requiredModel(argument, options, command) }, context);
    });
}

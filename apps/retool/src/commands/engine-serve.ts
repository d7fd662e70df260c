import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { ServeEngineOptions } from "./engine-run.js";
import { positiveNumber, wholeNumber } from "./option-values.js";

export function registerServe(group: Command, context: CliContext): void {
  group
    .command("serve")
    .description("serve the Tinker API, by which Python's tinker SDK and other clients train and sample models here, until Ctrl-C")
    .argument("<models...>", "models: runs, checkpoints, Hugging Face folders or ids, .gguf files; NAME=MODEL gives clients another name")
    .option("--host <address>", "address to listen at; another than loopback needs a token", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber, 8765)
    .option("--token <text>", "key that clients must send (TINKER_API_KEY for the SDK); better given as RETOOL_ENGINE_TOKEN")
    .option("--state <folder>", "sessions, checkpoints and requests; a server that opens it again goes on with them", ".retool/engine")
    .addOption(
      new Option("--backend <name>", "what computes").choices(["auto", "tfjs-node-gpu", "tfjs-node", "wasm", "cpu"]).default("auto"),
    )
    .option("--max-models <n>", "adapters in training at once; beyond, 429", positiveNumber, 64)
    .option("--max-rank <n>", "largest rank of an adapter", positiveNumber, 256)
    .option("--max-sequences <n>", "sequences that are sampled at once", positiveNumber, 64)
    .option("--max-outstanding <n>", "requests of a session that may wait before others get 429", positiveNumber, 10_000)
    .option("--max-tokens-per-pass <n>", "tokens of one forward and backward pass; longer batches go in parts", positiveNumber, 4096)
    .option("--max-body-bytes <n>", "longer requests get 413", positiveNumber, 32 * 2 ** 20)
    .option("--session-timeout <seconds>", "silence that ends a session", positiveNumber, 300)
    .option("--gradient-checkpointing", "compute each layer twice instead of keeping what it made: less memory, more time")
    .option("-q, --quiet", "print no progress")
    .addHelpText(
      "after",
      "\nThe first line of stdout is the base URL. /health, /api/v1/healthz and /metrics answer GET.\n\nExample:\n  $ retool engine serve HuggingFaceTB/SmolLM2-135M",
    )
    .action(async (models: readonly string[], options: ServeEngineOptions) => {
      const { serveEngine } = await import("./engine-run.js");
      await serveEngine(models, options, context);
    });
}

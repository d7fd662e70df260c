import type { Command } from "commander";
import type { CliContext } from "../command-line.js";
import type { ServeOptions } from "../sandbox-command.js";
import { addLimitOptions, wholeNumber } from "./limit-options.js";

export function register(program: Command, context: CliContext): void {
  const group = program.command("sandbox").description("the sandbox as a service");
  const serve = group
    .command("serve")
    .description("serve SandboxFusion's HTTP API (/run_code, /run_jupyter) until Ctrl-C")
    .option("--host <address>", "address to listen at; another than loopback needs a token", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber, 8080)
    .option("--token <text>", "bearer token that requests must carry; better given as RETOOL_SANDBOX_TOKEN")
    .option("--workers <n>", "threads that run code", wholeNumber, 1)
    .option("--max-concurrency <n>", "requests that run at once", wholeNumber, 16)
    .option("--queue-limit <n>", "requests that may wait before others get 429", wholeNumber, 256)
    .option("--max-body-bytes <n>", "longer requests get 413", wholeNumber, 2 ** 20)
    .option("-q, --quiet", "print no progress");
  addLimitOptions(serve)
    .addHelpText("after", "\nThe first line of stdout is the address. /health, /v1/ping and /metrics answer GET.")
    .action(async (options: ServeOptions) => {
      const { serve } = await import("../sandbox-command.js");
      await serve(options, context);
    });
}

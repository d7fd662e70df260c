import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { InstallCommandOptions, ServeOptions } from "./sandbox-run.js";
import { addLimitOptions } from "./limit-options.js";
import { optional, refuseSpellings } from "../shell/option-texts.js";
import { wholeNumber } from "./option-values.js";

export function register(program: Command, context: CliContext): void {
  const group = program.command("sandbox").description("the sandbox as a service");
  const serve = group
    .command("serve")
    .description("serve SandboxFusion's HTTP API (/run_code, /run_jupyter) until Ctrl-C")
    .option("--host <address>", "address to listen at; another than loopback needs a token", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber, 8080)
    .addOption(optional("--token <text>", "bearer token that requests must carry", "RETOOL_SANDBOX_TOKEN, else none"))
    .option("--workers <n>", "threads that run code", wholeNumber, 1)
    .addOption(optional("--python-backend <name>", "what runs Python: pyodide or bwrap", "the first of them that is there"))
    .option("--max-concurrency <n>", "requests that run at once", wholeNumber, 16)
    .option("--queue-limit <n>", "requests that may wait before others get 429", wholeNumber, 256)
    .option("--max-body-bytes <n>", "longer requests get 413", wholeNumber, 2 ** 20)
    .option("-q, --quiet", "print no progress", false);
  addLimitOptions(serve)
    .addHelpText("after", "\nThe first line of stdout is the address. /health, /v1/ping and /metrics answer GET.")
    .action(async (options: ServeOptions) => {
      const { serve } = await import("./sandbox-run.js");
      await serve(options, context);
    });
  const python = group.command("python").description("what Python's sandboxes can import");
  python
    .command("install")
    .description("fetch packages of Pyodide's distribution, with what they need, and make them importable offline")
    .argument("<name...>", "packages, such as numpy, scipy and sympy")
    .addOption(
      optional("--from <place>", "folder, archive or address that has the files", "the public address of the installed Pyodide's version"),
    )
    .addOption(optional("-o, --output <folder>", "data folder to put them in", "RETOOL_PYTHON_FOLDER, or the user's own"))
    .option("-q, --quiet", "print no progress", false)
    .addHelpText("after", "\nExample:\n  $ retool sandbox python install numpy scipy sympy")
    .action(async (names: readonly string[], options: InstallCommandOptions) => {
      const { installPythonPackages } = await import("./sandbox-run.js");
      await installPythonPackages(names, options, context);
    });
  const wheels = python
    .command("add-wheel")
    .description("check wheels, pure Python or for Pyodide, and make them importable")
    .argument("<path...>", "wheels, or folders of wheels")
    .addOption(optional("-o, --output <folder>", "data folder to put them in", "RETOOL_PYTHON_FOLDER, or the user's own"))
    .addHelpText("after", "\nExample:\n  $ retool sandbox python add-wheel sympy-1.14.0-py3-none-any.whl mpmath-1.3.0-py3-none-any.whl");
  refuseSpellings(wheels, { "--folder <path>": "--output" });
  wheels.action(async (paths: readonly string[], { output }: { readonly output?: string }) => {
    const { addPythonWheels } = await import("./sandbox-run.js");
    addPythonWheels(paths, output, context);
  });
}

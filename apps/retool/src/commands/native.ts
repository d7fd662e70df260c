import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { InstallOptions } from "./native-run.js";
import { optional } from "../shell/option-texts.js";

export function register(program: Command, context: CliContext): void {
  const group = program.command("native").description("native TensorFlow as a faster backend, from a pip install");
  group
    .command("install")
    .description("build tfjs-node's binding against the TensorFlow of a Python and use it from then on")
    .requiredOption("--from-tensorflow <python>", "a Python that has TensorFlow, such as .venv/bin/python")
    .addOption(optional("--node-headers <folder>", "folder with node_api.h", "found by itself"))
    .option("-q, --quiet", "print no progress", false)
    .addHelpText(
      "after",
      "\nNeeds Linux, a C++ compiler and Node's headers. RETOOL_NATIVE_DIR names another folder than ~/.local/share/retool/native.",
    )
    .action(async (options: InstallOptions) => {
      const { install } = await import("./native-run.js");
      await install(options, context);
    });
  group
    .command("status")
    .description("say what is installed and whether it loads")
    .option("--json", "print it as JSON", false)
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const { status } = await import("./native-run.js");
      if (!(await status(json, context))) context.setExitCode(1);
    });
  group
    .command("remove")
    .description("remove the binding; wasm is used again")
    .action(async () => {
      const { remove } = await import("./native-run.js");
      await remove(context);
    });
}

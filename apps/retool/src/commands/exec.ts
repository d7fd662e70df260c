import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { ExecOptions } from "./exec-run.js";
import { addLimitOptions } from "./limit-options.js";
import { optional } from "../shell/option-texts.js";
import { repeated, wholeNumber } from "./option-values.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("exec")
    .description("run code in the sandbox: from a file or stdin, or cell by cell")
    .argument("[file]", "file with the code; - is stdin (default: stdin)")
    .option("--language <name>", "language of the code: javascript or python", "javascript")
    .addOption(optional("--backend <name>", "what runs Python: pyodide or bwrap", "the first of them that is there"))
    .option("--cell <code>", "a cell of one session, instead of stdin; may be repeated", repeated, [])
    .option("--session", 'stdin holds a session: one cell a line, as a JSON string or as {"code": …}', false)
    .option("--seed <n>", "seed of the random numbers", wholeNumber, 0)
    .option("--json", "print one JSON result a run instead of the text for the model", false);
  addLimitOptions(command)
    .addHelpText(
      "after",
      "\nExit code 0 when every run ended well, else 1.\n\nExamples:\n  $ echo 'factor(360)' | retool exec\n  $ retool exec --cell 'let x = 41' --cell 'x + 1' --json",
    )
    .action(async (file: string | undefined, options: ExecOptions) => {
      const { codeOf, exec } = await import("./exec-run.js");
      const isWell = await exec(options, await codeOf(file, options), context);
      if (!isWell) context.setExitCode(1);
    });
}

import { Argument, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { SHELLS, type Shell } from "../shell/completion-script.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("completion")
    .description("print a script that completes command lines in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      "\nExamples:\n  $ source <(retool completion bash)        also in ~/.bashrc; zsh alike\n  $ retool completion fish | source",
    )
    .action(async (shell: Shell) => {
      const [{ completionScript }, { leafKeys }, { PRESET_NAMES }] = await Promise.all([
        import("../shell/completion-script.js"),
        import("../config/schema-facts.js"),
        import("../config/presets.js"),
      ]);
      const keys = leafKeys();
      const settings = keys.map((key) => `${key.replace(/\bN\b/g, "0")}=`);
      const words = { ofOption: { "--preset": PRESET_NAMES, "--set": settings }, ofArgument: { "config explain": ["preset", ...keys] } };
      context.print(completionScript(program, shell, words).trimEnd());
    });
}

import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("diff")
    .description("what tells two runs apart: config, program and machine, data, metrics, files")
    .argument("<a>", "folder of a run")
    .argument("<b>", "folder of another")
    .option("--json", "print the differences as JSON", false)
    .action(async (a: string, b: string, options: { readonly json: boolean }) => {
      const { diffRuns } = await import("../reproduction/diff-command.js");
      await diffRuns(a, b, options, context);
    });
}

import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("doctor")
    .description("check what this machine can do, and say what to mend")
    .option("--runs <folder>", "where runs will be kept", "runs")
    .option("--json", "print the checks as JSON")
    .addHelpText("after", "\nExit code 0 when training can run here, 1 when something must be mended first.")
    .action(async ({ runs, json = false }: { readonly runs: string; readonly json?: boolean }) => {
      const { doctor } = await import("../doctor/doctor.js");
      const ready = await doctor({ runs, json, print: context.print, color: context.color });
      if (!ready) context.setExitCode(1);
    });
}

import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { refuseSpellings } from "../shell/option-texts.js";

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("doctor")
    .description("check what this machine can do, and say what to mend")
    .option("-o, --output <folder>", "where runs will be kept", "runs")
    .option("--json", "print the checks as JSON", false)
    .addHelpText("after", "\nExit code 0 when training can run here, 1 when something must be mended first.");
  refuseSpellings(command, { "--runs <folder>": "--output" });
  command.action(async ({ output: runs, json }: { readonly output: string; readonly json: boolean }) => {
    const { doctor } = await import("../doctor/doctor.js");
    const ready = await doctor({ runs, json, print: context.print, color: context.color, width: process.stdout.columns ?? Infinity });
    if (!ready) context.setExitCode(1);
  });
}

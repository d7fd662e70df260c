import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { addOutput } from "./model-options.js";

interface Options {
  readonly output: string;
  readonly resume: boolean;
  readonly json: boolean;
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("reproduce")
    .description("repeat a run from its manifest and config alone, and compare metrics, rollouts and weights byte by byte")
    .argument("<run>", "folder of a run");
  addOutput(command, "folder of the repeated run", "runs/reproduced")
    .option("--resume", "go on with a repetition that was stopped", false)
    .option("--json", "print the comparison as JSON", false)
    .addHelpText("after", "\nThe exit code is 1 when the results are not the same to the byte.")
    .action(async (run: string, options: Options) => {
      const { reproduce } = await import("../reproduction/reproduce-command.js");
      await reproduce(run, options, context);
    });
}

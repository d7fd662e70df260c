import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { READY_SWEEPS } from "../sweep/ready-sweeps.js";
import { addOutput } from "./model-options.js";
import { positiveNumber, repeated, seedList } from "./option-values.js";

interface Options {
  readonly output: string;
  readonly processes?: number;
  readonly set: readonly string[];
  readonly seeds?: readonly number[];
  readonly cells?: readonly string[];
  readonly baseline?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const ready = Object.entries(READY_SWEEPS)
  .map(([name, { meaning }]) => `${name} (${meaning})`)
  .join(", ");

export function register(program: Command, context: CliContext): void {
  const sweep = program
    .command("sweep")
    .description("run a grid or list of settings over seeds, and test each cell against a baseline")
    .argument(
      "<file>",
      `YAML file with presets, set, seeds, grid or cells, and baseline; - is standard input; or a ready one by name: ${ready}`,
    );
  addSweepOptions(sweep, "runs/sweep").action((file: string, options: Options) => run(file, options, context));
  const compare = program
    .command("compare")
    .description("tool RL against text RL where both can learn: the paper's claim in miniature, as the sweep tool-or-text");
  addSweepOptions(compare, "runs/tool-or-text").action((options: Options) => run("tool-or-text", options, context));
  program
    .command("run-job", { hidden: true })
    .argument("<job>")
    .action(async (job: string) => {
      const { runChild } = await import("../recipe/job-process.js");
      await runChild(job, context);
    });
}

function addSweepOptions(command: Command, folder: string): Command {
  command
    .option("-s, --set <key=value>", "one setting for all cells, over their own; may be repeated", repeated, [])
    .addOption(optional("--seeds <list>", "seeds, such as 1,2", "the file's", seedList))
    .addOption(optional("--cells <list>", "cells to run and report, such as a,b; the baseline is one of them", "all", cellList))
    .addOption(optional("--baseline <cell>", "cell that the others are tested against", "the file's"))
    .addOption(optional("--processes <n>", "runs at a time", "one a core, at most 2", positiveNumber))
    .option("--dry-run", "print what would run, and stop", false)
    .option("--json", "print the result as JSON", false)
    .addHelpText("after", "\nInterrupted or with failed runs, it goes on when the same command is given again.");
  return addOutput(command, "folder of the sweep; what it has already is not run again", folder);
}

/** Names may have commas in them: `\,`. */
function cellList(text: string): string[] {
  return text.split(/(?<!\\),/).map((name) => name.trim().replaceAll("\\,", ","));
}

async function run(file: string, options: Options, context: CliContext): Promise<void> {
  const { sweep } = await import("../sweep/sweep-command.js");
  await sweep(file, { ...options, program: [process.execPath, ...process.execArgv, process.argv[1]!] }, context);
}

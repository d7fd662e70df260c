import { InvalidArgumentError, Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { ARM_NAMES, COMPARISONS, type ArmName, type ComparisonName } from "../compare/arms.js";
import { optional } from "../shell/option-texts.js";
import { addOutput } from "./model-options.js";
import { positiveNumber, repeated, seedList } from "./option-values.js";

interface Options {
  readonly output: string;
  readonly preset: ComparisonName;
  readonly seeds: readonly number[];
  readonly arms: readonly ArmName[];
  readonly set: readonly string[];
  readonly processes?: number;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("compare")
    .description("tool RL against text-only RL, both from cold starts of equal effort: the paper's claim in miniature")
    .addOption(new Option("--preset <name>", "recipe to compare the arms of").choices(Object.keys(COMPARISONS)).default("tiny"))
    .option("--seeds <list>", "seeds, with commas between them", seedList, [1, 2, 3])
    .option("--arms <list>", `arms to run, with commas between them: ${ARM_NAMES.join(", ")}`, armList, ARM_NAMES)
    .option("-s, --set <key=value>", "one setting for all arms; may be repeated", repeated, [])
    .addOption(optional("--processes <n>", "runs at a time", "one a core, at most 2", positiveNumber))
    .option("--dry-run", "print what would run and the work to expect, and stop", false)
    .option("--json", "print the result as JSON", false)
    .addHelpText("after", "\nInterrupted, it goes on when the same command is given again.");
  addOutput(command, "folder of the comparison; what it has already is not run again", "runs/compare").action(
    async ({ preset, ...options }: Options) => {
      const { compare } = await import("../compare/compare-command.js");
      await compare({ ...options, comparison: preset, program: [process.execPath, ...process.execArgv, process.argv[1]!] }, context);
    },
  );
  program
    .command("compare-job", { hidden: true })
    .argument("<job>")
    .action(async (job: string) => {
      const { runChild } = await import("../recipe/job-process.js");
      await runChild(job, context);
    });
}

function armList(text: string): ArmName[] {
  return text.split(",").map((part) => {
    const arm = ARM_NAMES.find((name) => name === part.trim());
    if (arm === undefined) throw new InvalidArgumentError(`Arms are ${ARM_NAMES.join(", ")}.`);
    return arm;
  });
}

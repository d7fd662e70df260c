import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { EvalOptions } from "../evaluation/evaluate-checkpoint.js";
import { addEngineOptions, engineSettings, type EngineOptions } from "./engine-options.js";
import { nonNegativeNumber, positiveNumber, repeated, wholeNumber } from "./option-values.js";

export function register(program: Command, context: CliContext): void {
  addEngineOptions(program.command("eval"))
    .description("accuracy of a checkpoint on held-out generated problems or on a file: avg@k, pass@k, maj@k")
    .requiredOption("--checkpoint <path>", "run, checkpoint, Hugging Face folder or .gguf file to evaluate")
    .option("-d, --data <file>", "JSONL, JSON or Parquet file of problems; default: held-out generated ones")
    .option("--question <columns...>", "columns that hold the question; default: found by name")
    .option("--answer <column>", "column that holds the answer; default: found by name")
    .option("--family <column>", "column with the kind of problem, such as its subject; default: found by name")
    .option("--level <column>", "column with the difficulty; default: found by name")
    .addOption(new Option("--preset <name>", "protocol of a benchmark; takes its problems with --data").choices(["aime24", "aime25"]))
    .option("-n, --limit <n>", "first problems only", positiveNumber)
    .option("-k, --samples <k>", "rollouts per problem", positiveNumber)
    .option("--temperature <t>", "sampling temperature; 0 is greedy", nonNegativeNumber)
    .option("--top-p <p>", "nucleus of the sampling distribution", nonNegativeNumber)
    .option("--top-k <k>", "sample among so many most likely tokens; 0 keeps all", wholeNumber)
    .option("--pass-k <k,…>", "numbers of samples of pass@k; default: powers of two", listOfK)
    .option("--maj-k <k,…>", "numbers of samples of maj@k; default: powers of two", listOfK)
    .option("-c, --config <file>", "config, instead of that of the checkpoint's run")
    .option("--recipe <name>", "recipe preset instead of that config; default for other models with a chat template: pretrained")
    .option("-s, --set <key=value>", "one setting; may be repeated", repeated, [])
    .option("--plugin <file>", "module with tools or rewards of your own; may be repeated", repeated, [])
    .option("-o, --out <folder>", "keep finished problems in this folder, to go on from when stopped, and for inspect and report")
    .option("--json", "print the result as JSON", false)
    .addHelpText(
      "after",
      "\nExamples:\n  $ retool eval --checkpoint runs/quickstart --samples 8 --pass-k 1,4,8 --out runs/eval" +
        "\n  $ retool eval --checkpoint runs/train --preset aime24 --data aime24.jsonl --out runs/aime24",
    )
    .action(async (options: EvalOptions & EngineOptions) => {
      const { evaluateCheckpoint } = await import("../evaluation/evaluate-checkpoint.js");
      await evaluateCheckpoint({ ...options, engineSettings: engineSettings(options) }, context);
    });
}

function listOfK(text: string): number[] {
  return text.split(",").map((part) => positiveNumber(part.trim()));
}

import { InvalidArgumentError, Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { EvalOptions } from "../evaluation/evaluate-checkpoint.js";
import { optional, refuseSpellings } from "../shell/option-texts.js";
import { addModel, requiredModel, type ModelOption } from "./model-options.js";
import { addEndpointOptions, namedEndpoint, type ParsedEndpointOptions } from "./endpoint-options.js";
import { addEngineOptions, engineSettings, type EngineOptions } from "./engine-options.js";
import { nonNegativeNumber, positiveNumber, repeated, wholeNumber } from "./option-values.js";
import { addModelConfigOptions } from "./run-options.js";

const BENCHMARKS = ["aime24", "aime25"];
const OF_CONFIG = "that of the config";

type ParsedEvalOptions = Omit<EvalOptions, "model"> & ModelOption & EngineOptions & ParsedEndpointOptions;

export function register(program: Command, context: CliContext): void {
  const command = program
    .command("eval")
    .description("accuracy of a model on held-out generated problems or on a file: avg@k, pass@k, maj@k");
  addEngineOptions(addModel(command, "model to evaluate"))
    .addOption(
      optional(
        "-d, --data <file>",
        "JSONL, JSON or Parquet file of problems; - is JSON lines on standard input",
        "held-out generated ones",
      ),
    )
    .addOption(optional("--question <column>", "column that holds the question; may be repeated", "found by name", severalColumns))
    .addOption(optional("--answer <column>", "column that holds the answer", "found by name"))
    .addOption(optional("--family <column>", "column with the kind of problem, such as its subject", "found by name"))
    .addOption(optional("--level <column>", "column with the difficulty", "found by name"))
    .addOption(new Option("--benchmark <name>", "protocol of a benchmark; takes its problems with --data").choices(BENCHMARKS))
    .addOption(optional("-n, --limit <n>", "first problems only", "all of a file, else eval.problems of the config", positiveNumber))
    .addOption(optional("-k, --samples <k>", "rollouts per problem", OF_CONFIG, positiveNumber))
    .addOption(optional("--temperature <t>", "sampling temperature; 0 is greedy", OF_CONFIG, nonNegativeNumber))
    .addOption(optional("--top-p <p>", "nucleus of the sampling distribution", OF_CONFIG, nonNegativeNumber))
    .addOption(optional("--top-k <k>", "sample among so many most likely tokens; 0 keeps all", OF_CONFIG, wholeNumber))
    .addOption(
      optional("--min-p <p>", "least probability of a token, as a share of the likeliest one's; 0 keeps all", OF_CONFIG, nonNegativeNumber),
    )
    .addOption(optional("--pass-k <k,…>", "numbers of samples of pass@k", "powers of two", listOfK))
    .addOption(optional("--maj-k <k,…>", "numbers of samples of maj@k", "powers of two", listOfK))
    .option("--no-tools", "without the tools of the config: what would call one is text, and the model goes on by itself")
    .option("-o, --output <folder>", "keep finished problems in this folder, to go on from when stopped, and for inspect and report")
    .option("--json", "print the result as JSON", false)
    .addHelpText(
      "after",
      "\nExamples:\n  $ retool eval runs/quickstart --samples 8 --pass-k 1,4,8 --output runs/eval" +
        "\n  $ retool eval runs/train --benchmark aime24 --data aime24.jsonl --output runs/aime24" +
        "\n  $ retool eval --endpoint http://127.0.0.1:8000/v1 --model Qwen2.5-7B-Instruct --data problems.jsonl --output runs/qwen",
    );
  addModelConfigOptions(addEndpointOptions(command));
  command.options.find(({ long }) => long === "--preset")!.argParser(recipePreset);
  refuseSpellings(command, { "--recipe <name>": "--preset", "--out <folder>": "--output" });
  command.action(async (argument: string | undefined, options: ParsedEvalOptions) => {
    const endpoint = namedEndpoint(options, command);
    if (endpoint !== undefined) {
      const { evaluateEndpoint } = await import("../evaluation/evaluate-endpoint.js");
      await evaluateEndpoint({ ...options, ...endpoint, model: requiredModel(argument, options, command) }, context);
      return;
    }
    const { evaluateCheckpoint } = await import("../evaluation/evaluate-checkpoint.js");
    const model = requiredModel(argument, options, command);
    await evaluateCheckpoint({ ...options, model, engineSettings: engineSettings(options) }, context);
  });
}

function severalColumns(column: string, before: readonly string[] = []): string[] {
  return repeated(column, before);
}

function recipePreset(name: string): string {
  if (BENCHMARKS.includes(name)) throw new InvalidArgumentError(`It is a benchmark: --benchmark ${name}.`);
  return name;
}

function listOfK(text: string): number[] {
  return text.split(",").map((part) => positiveNumber(part.trim()));
}

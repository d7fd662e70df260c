import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { BuildOptions } from "../data-build/build-command.js";
import { optional, refuseSpellings } from "../shell/option-texts.js";
import { nonNegativeNumber, positiveNumber, webAddress, wholeNumber } from "./option-values.js";

export function registerBuild(data: Command, context: CliContext): void {
  const command = data
    .command("build")
    .description("make rows for supervised training whose code has been run")
    .argument("[file]", "text-only reasoning to rewrite: columns question, answer and reasoning; - is standard input")
    .requiredOption("-o, --output <file>", "JSONL file to write; the report and the rows left out go beside it")
    .option("--endpoint <url>", "OpenAI-compatible server that rewrites, such as http://127.0.0.1:8000/v1", webAddress)
    .option("--model <name>", "model at the endpoint")
    .option("--tasks <n>", "generate this many problems and traces instead; needs no model", positiveNumber)
    .addOption(
      new Option(
        "--marks <form>",
        "turn calculator marks such as <<48/2=24>> in the file's answers into code that is run, or into text",
      ).choices(["code", "text"]),
    )
    .addOption(
      new Option("--mixture <name>", "kinds of generated traces").choices(["clean", "imperfect", "textHeavy", "textOnly"]).default("clean"),
    )
    .option("--seed <n>", "other generated problems and traces", wholeNumber, 1)
    .addOption(
      new Option("--format <name>", "retool-sft: one response with tags; xml, hermes: as data convert writes them")
        .choices(["retool-sft", "xml", "hermes"])
        .default("retool-sft"),
    )
    .addOption(new Option("--language <name>", "language of the code").choices(["javascript", "python"]).default("javascript"))
    .addOption(optional("--sandbox-url <url>", "run code on this SandboxFusion server", "the built-in sandbox runs it", webAddress))
    .addOption(optional("--limit <n>", "first rows only", "all", positiveNumber))
    .option("--attempts <n>", "most replies per row", positiveNumber, 1)
    .option("--temperature <t>", "sampling temperature", nonNegativeNumber, 0.7)
    .option("--max-tokens <n>", "tokens a reply may have", positiveNumber, 16_384)
    .option("--concurrency <n>", "requests at once", positiveNumber, 4)
    .addOption(optional("--requests-per-minute <n>", "requests per minute at most", "any number", positiveNumber))
    .option("--retries <n>", "further tries after 429, 5xx and timeouts", wholeNumber, 5)
    .option("--retry-delay-ms <ms>", "wait before the second try; it doubles", wholeNumber, 1_000)
    .option("--timeout-s <seconds>", "time for one reply", positiveNumber, 600)
    .option("--api-key-env <name>", "environment variable with the key", "OPENAI_API_KEY")
    .addOption(optional("--cache <folder>", "folder of the replies", "beside the rows"))
    .option("--strict", "leave out rows whose code prints something else than the model wrote", false)
    .option("-q, --quiet", "print no progress", false)
    .addHelpText(
      "after",
      "\nA second run with the same options asks only for replies that are missing.\n\nExamples:\n  $ retool data build --output sft.jsonl --tasks 2000 --mixture imperfect\n  $ retool data build gsm8k/train.jsonl --output sft.jsonl --marks code\n  $ retool data build traces.jsonl --output sft.jsonl --endpoint http://127.0.0.1:8000/v1 --model Qwen2.5-32B-Instruct",
    );
  refuseSpellings(command, { "--from <file>": "the argument" });
  command.action(async (file: string | undefined, { output, ...options }: BuildOptions & { readonly output: string }) => {
    const { buildData } = await import("../data-build/build-command.js");
    await buildData(output, { ...options, ...(file !== undefined && { file }) }, context);
  });
}

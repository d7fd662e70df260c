import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { ConvertOptions, StatsOptions } from "./data-files.js";
import { optional } from "../shell/option-texts.js";
import { registerBuild } from "./data-build.js";
import type { SplitsOptions } from "./data-splits.js";
import { repeated } from "./option-values.js";
import { addConfigOptions } from "./run-options.js";

export function register(program: Command, context: CliContext): void {
  const data = program.command("data").description("build, convert and measure files of conversations");
  registerBuild(data, context);
  data
    .command("convert")
    .description("turn rows of ReTool-SFT into messages of one dialect")
    .argument("<file>", "JSONL, JSON or Parquet file, a folder of them, or hub:owner/name/path; - is JSON lines on standard input")
    .requiredOption("-o, --output <file>", "JSONL file to write, one { messages } a line")
    .addOption(
      new Option("--dialect <name>", "xml: the paper's tags in one response; hermes: tool calls")
        .choices(["xml", "hermes"])
        .makeOptionMandatory(),
    )
    .option("-q, --quiet", "print no progress", false)
    .addHelpText("after", "\nExample:\n  $ retool data convert train_2000.parquet --output sft.jsonl --dialect hermes")
    .action(async (input: string, _: unknown, command: Command) => {
      const { convertData } = await import("./data-files.js");
      const { output, ...options } = command.optsWithGlobals<ConvertOptions & { readonly output: string }>();
      await convertData(input, output, options, context); // --quiet may be the parent's
    });
  data
    .command("stats")
    .description("lengths, use of code and what is learned, over a file of conversations in either dialect")
    .argument("<file>", "JSONL, JSON or Parquet file with a column messages, or a folder of them; - is standard input")
    .addOption(optional("--tokenizer <folder>", "count tokens of this tokenizer", "characters are counted"))
    .option(
      "--against <file>",
      "count questions of this file, problems or conversations, that are in it too; may be repeated",
      repeated,
      [],
    )
    .option("--json", "print the measures as JSON", false)
    .option("-q, --quiet", "print no progress", false)
    .addHelpText("after", "\nExample:\n  $ retool data stats sft.jsonl --tokenizer checkpoints/Qwen2.5-0.5B-Instruct")
    .action(async (file: string, options: StatsOptions) => {
      const { dataStats } = await import("./data-files.js");
      await dataStats(file, options, context);
    });
  addConfigOptions(
    data.command("splits").description("training, validation and test problems of a recipe, and what training shares with the others"),
  )
    .option("--json", "print the counts as JSON", false)
    .option("-q, --quiet", "print no progress", false)
    .addHelpText("after", "\nExample:\n  $ retool data splits --preset tiny --set eval.draw=1")
    .action(async (options: SplitsOptions) => {
      const { dataSplits } = await import("./data-splits.js");
      await dataSplits(options, context);
    });
}

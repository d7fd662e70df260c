import { type Command, InvalidArgumentError } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import { positiveNumber, wholeNumber } from "./option-values.js";

/** Options of the command, as the work reads them. */
export interface ProbeCommandOptions {
  readonly baseModel?: string;
  readonly rank: number;
  readonly vocabSize: number;
  readonly eos?: number;
  readonly json: boolean;
}

/** Adds `retool engine probe`. */
export function registerProbe(group: Command, context: CliContext): void {
  group
    .command("probe")
    .description("what a Tinker server means by its requests: losses, clipping, sampling, states")
    .argument("<url>", "address of the server, such as http://127.0.0.1:8765; its key is read from TINKER_API_KEY", serverAddress)
    .addOption(optional("--base-model <name>", "the base model, as the server names it", "the only one that it offers"))
    .option("--rank <n>", "rank of the adapters that are made", positiveNumber, 4)
    .option("--vocab-size <n>", "ids below it are sent", positiveNumber, 128)
    .addOption(optional("--eos <id>", "id that ends a text, to see if the server stops by itself", "not asked").argParser(wholeNumber))
    .option("--json", "print the whole report as JSON", false)
    .addHelpText(
      "after",
      "\nMakes four adapters, two at a time at most, asks some seventy small questions, and unloads them. A server that compiles takes minutes.",
    )
    .action(async (url: string, options: ProbeCommandOptions) => {
      const { probe } = await import("./engine-probe-run.js");
      await probe(url, options, context);
    });
}

function serverAddress(value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new InvalidArgumentError("An address such as http://127.0.0.1:8765 is needed.");
  }
  return value;
}

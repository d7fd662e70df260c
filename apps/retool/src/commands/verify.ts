import { ANSWER_SOURCES, REWARD_RULES, type AnswerSource } from "@retool-ts/reward";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { optional } from "../shell/option-texts.js";
import type { VerifyOptions } from "./verify-run.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("verify")
    .description("judge answers: rows {gold, prediction} of a JSONL file; a prediction may be a whole response")
    .argument("<file>", "JSONL file; - is standard input")
    .addOption(
      new Option("--rule <rule>", `as reward.rule of a config: ${describeRules()}`)
        .choices(Object.keys(REWARD_RULES))
        .default("equivalence"),
    )
    .addOption(
      optional(
        "--sources <names>",
        `places of an answer, by commas: ${ANSWER_SOURCES.join(", ")}; boxed,tag,anchor grades as training does`,
        "these, else any",
        sourcesOf,
      ),
    )
    .option("--strict", "with equivalence: the form of the gold counts too: units, bases, brackets", false)
    .option("--allow-thousands-separators", "with boxed-exact: 1,000 is 1000", false)
    .option("--json", "print each row with verdict, reason, extracted, score and stated", false)
    .action(async (file: string, options: VerifyOptions) => {
      const { verifyFile } = await import("./verify-run.js");
      await verifyFile(file, options, context);
    });
}

function describeRules(): string {
  return Object.entries(REWARD_RULES).map(([name, { meaning }]) => `${name}: ${meaning}`).join("; "); // prettier-ignore
}

/** An option's value as names of places. */
function sourcesOf(text: string): AnswerSource[] {
  return text.split(",").map((name) => {
    const source = ANSWER_SOURCES.find((known) => known === name.trim());
    if (source === undefined) throw new InvalidArgumentError(`Allowed choices are ${ANSWER_SOURCES.join(", ")}.`);
    return source;
  });
}

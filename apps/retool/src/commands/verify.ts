import { REWARD_RULES } from "@retool-ts/reward";
import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { VerifyOptions } from "./verify-run.js";

export function register(program: Command, context: CliContext): void {
  program
    .command("verify")
    .description("judge answers: rows {gold, prediction} of a JSONL file; a prediction may be a whole response")
    .argument("<file>", "JSONL file")
    .addOption(new Option("--rule <rule>", "how answers are compared").choices(Object.keys(REWARD_RULES)).default("equivalence"))
    .option("--json", "print each row with verdict, reason, extracted and score", false)
    .action(async (file: string, options: VerifyOptions) => {
      const { verifyFile } = await import("./verify-run.js");
      await verifyFile(file, options, context);
    });
}

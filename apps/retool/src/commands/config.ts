import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";

export function register(program: Command, context: CliContext): void {
  const group = program.command("config").description("what a config may say");
  group
    .command("explain")
    .description("say what a key means: its type, default and allowed values")
    .argument("[key]", "such as train.learningRate.peak, or preset; default: the keys at the top")
    .option("--json", "print it as JSON", false)
    .addHelpText("after", "\nExamples:\n  $ retool config explain train.kl\n  $ retool config explain preset")
    .action(async (key: string | undefined, { json }: { readonly json: boolean }) => {
      const { explain, explanationText } = await import("../config/explain.js");
      const explanation = explain(key ?? "");
      context.print(json ? JSON.stringify(explanation, null, 2) : explanationText(explanation));
    });
  group
    .command("schema")
    .description("print the JSON Schema of config files, for editors")
    .addHelpText(
      "after",
      "\nExample:\n  $ retool config schema > retool.schema.json\nand at the top of a config: # yaml-language-server: $schema=retool.schema.json",
    )
    .action(async () => {
      const { configFileSchema } = await import("../config/file-schema.js");
      context.print(JSON.stringify(configFileSchema(), null, 2));
    });
  group
    .command("check")
    .description("check a config file and say all that is wrong with it")
    .argument("<file>", "YAML file; - is standard input")
    .action(async (file: string) => {
      const { loadConfig } = await import("../config/load-config.js");
      await loadConfig({ file });
      context.print(`${file}: no mistake found`);
    });
}

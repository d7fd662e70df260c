import { Option, type Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import type { PurposeOf } from "@retool-ts/report";
import { optional } from "../shell/option-texts.js";
import { positiveNumber, webAddress } from "./option-values.js";

interface Options {
  readonly output?: string;
  readonly open: string;
  readonly checkpoints?: true | number;
  readonly json: boolean;
  readonly labelEndpoint?: string;
  readonly labelModel?: string;
}

export function register(program: Command, context: CliContext): void {
  program
    .command("report")
    .description("write a run as one HTML page: results, tool use, curves and rollouts to read")
    .argument("<run>", "folder of a run")
    .addOption(optional("-o, --output <file>", "where to write it", "report.html in the run's folder"))
    .option("--checkpoints [n]", "first roll out n held-out problems (40 unless told) with every checkpoint that was kept", positiveNumber)
    .option("--label-endpoint <url>", "have a language model name what code is for: an OpenAI-compatible URL that ends in /v1", webAddress)
    .option("--label-model <name>", "its model; the key is taken from OPENAI_API_KEY")
    .option("--json", "print the measures of tool use as JSON instead", false)
    .addOption(
      new Option("--open <boolean>", "show it in the browser when a person is at the terminal").choices(["true", "false"]).default("true"),
    )
    .addHelpText("after", "\nExamples:\n  $ retool report runs/quickstart\n  $ retool report runs/quickstart --open false -o report.html")
    .action(async (run: string, { output, open, checkpoints, json, labelEndpoint, labelModel }: Options, command: Command) => {
      if ((labelEndpoint === undefined) !== (labelModel === undefined))
        command.error("error: --label-endpoint and --label-model go together");
      if (checkpoints !== undefined) await sample(run, checkpoints === true ? USUAL_PROBLEMS : checkpoints, context);
      const purposeOf = labelEndpoint === undefined ? undefined : await label(run, labelEndpoint, labelModel!, context);
      if (json) {
        const { analysisJson, loadRunData } = await import("@retool-ts/report");
        context.print(analysisJson(await loadRunData(run, { purposeOf })));
        return;
      }
      const [{ writeReport }, { parse }] = await Promise.all([import("@retool-ts/report"), import("yaml")]);
      const path = await writeReport(run, output, { purposeOf, parseConfig: parse });
      context.print(path);
      if (open !== "false" && process.stdout.isTTY) {
        const { openInBrowser } = await import("./open-in-browser.js");
        await openInBrowser(path);
      }
    });
}

/** Held-out problems that `--checkpoints` rolls out unless told. */
const USUAL_PROBLEMS = 40;

async function sample(run: string, count: number, context: CliContext): Promise<void> {
  const { sampleCheckpoints } = await import("./sample-checkpoints.js");
  const checkpoints = await sampleCheckpoints(run, count, context);
  if (checkpoints < 3) {
    context.reporter.say(
      `The run kept ${checkpoints} checkpoints; three are needed to show a problem over training (train.keepCheckpoints).`,
    );
  }
}

async function label(run: string, url: string, model: string, context: CliContext): Promise<PurposeOf> {
  const { labelRun } = await import("../labels/label-run.js");
  const apiKeyEnv = "OPENAI_API_KEY";
  const apiKey = process.env[apiKeyEnv];
  return labelRun(run, { url, model, apiKeyEnv, ...(apiKey === undefined || apiKey === "" ? {} : { apiKey }) }, context);
}

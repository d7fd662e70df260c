import type { Command } from "commander";
import type { CliContext } from "../command-line.js";
import type { PurposeOf } from "../report/run-analysis.js";

interface Options {
  readonly output?: string;
  readonly open: string;
  readonly checkpoints: boolean | string;
  readonly json: boolean;
  readonly labelEndpoint?: string;
  readonly labelModel?: string;
}

export function register(program: Command, context: CliContext): void {
  program
    .command("report")
    .description("write a run as one HTML page: results, tool use, curves and rollouts to read")
    .argument("<run>", "folder of a run")
    .option("-o, --output <file>", "where to write it (default: report.html in the run's folder)")
    .option("--checkpoints [n]", "first roll out n held-out problems (40 unless told) with every checkpoint that was kept", false)
    .option("--label-endpoint <url>", "have a language model name what code is for: an OpenAI-compatible URL that ends in /v1")
    .option("--label-model <name>", "its model; the key is taken from OPENAI_API_KEY")
    .option("--json", "print the measures of tool use as JSON instead", false)
    .option("--open <boolean>", "show it in the browser when a person is at the terminal", "true")
    .addHelpText("after", "\nExamples:\n  $ retool report runs/quickstart\n  $ retool report runs/quickstart --open false -o report.html")
    .action(async (run: string, { output, open, checkpoints, json, labelEndpoint, labelModel }: Options) => {
      if (checkpoints !== false) await sample(run, checkpoints, context);
      const purposeOf = labelEndpoint === undefined ? undefined : await label(run, labelEndpoint, labelModel, context);
      if (json) {
        const [{ analysisJson }, { loadRunData }] = await Promise.all([
          import("../report/analysis-json.js"),
          import("../report/run-data.js"),
        ]);
        context.print(analysisJson(await loadRunData(run, purposeOf)));
        return;
      }
      const { writeReport } = await import("../report/write-report.js");
      const path = await writeReport(run, output, purposeOf);
      context.print(path);
      if (open !== "false" && process.stdout.isTTY) {
        const { openInBrowser } = await import("../report/open-in-browser.js");
        await openInBrowser(path);
      }
    });
}

async function sample(run: string, asked: string | true, context: CliContext): Promise<void> {
  const { InputError } = await import("@retool-ts/core");
  const count = asked === true ? 40 : Number(asked);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InputError({
      what: "option --checkpoints",
      where: String(asked),
      expected: "a whole number from 1",
      found: `"${asked}"`,
      fix: "write for example --checkpoints 40",
    });
  }
  const { sampleCheckpoints } = await import("../report/sample-checkpoints.js");
  const checkpoints = await sampleCheckpoints(run, count, context);
  if (checkpoints < 3) {
    context.reporter.say(
      `The run kept ${checkpoints} checkpoints; three are needed to show a problem over training (train.keepCheckpoints).`,
    );
  }
}

async function label(run: string, url: string, model: string | undefined, context: CliContext): Promise<PurposeOf> {
  if (model === undefined) {
    const { InputError } = await import("@retool-ts/core");
    throw new InputError({
      what: "retool report",
      where: "--label-model",
      expected: "the name of a model at --label-endpoint",
      found: "none",
      fix: "pass --label-model NAME",
    });
  }
  const { labelRun } = await import("../labels/label-run.js");
  const apiKeyEnv = "OPENAI_API_KEY";
  const apiKey = process.env[apiKeyEnv];
  return labelRun(run, { url, model, apiKeyEnv, ...(apiKey === undefined || apiKey === "" ? {} : { apiKey }) }, context);
}

import type { Command } from "commander";
import type { CliContext } from "../command-line.js";

interface Options {
  readonly output?: string;
  readonly open: string;
  readonly checkpoints: boolean | string;
  readonly json: boolean;
}

export function register(program: Command, context: CliContext): void {
  program
    .command("report")
    .description("write a run as one HTML page: results, tool use, curves and rollouts to read")
    .argument("<run>", "folder of a run")
    .option("-o, --output <file>", "where to write it (default: report.html in the run's folder)")
    .option("--checkpoints [n]", "first roll out n held-out problems (40 unless told) with every checkpoint that was kept", false)
    .option("--json", "print the measures of tool use as JSON instead", false)
    .option("--open <boolean>", "show it in the browser when a person is at the terminal", "true")
    .addHelpText("after", "\nExamples:\n  $ retool report runs/quickstart\n  $ retool report runs/quickstart --open false -o report.html")
    .action(async (run: string, { output, open, checkpoints, json }: Options) => {
      if (checkpoints !== false) await sample(run, checkpoints, context);
      if (json) {
        const [{ analysisJson }, { loadRunData }] = await Promise.all([
          import("../report/analysis-json.js"),
          import("../report/run-data.js"),
        ]);
        context.print(analysisJson(await loadRunData(run)));
        return;
      }
      const { writeReport } = await import("../report/write-report.js");
      const path = await writeReport(run, output);
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

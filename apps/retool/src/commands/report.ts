import type { Command } from "commander";
import type { CliContext } from "../command-line.js";

interface Options {
  readonly output?: string;
  readonly open: string;
}

export function register(program: Command, context: CliContext): void {
  program
    .command("report")
    .description("write a run as one HTML page: results, curves and rollouts to read")
    .argument("<run>", "folder of a run")
    .option("-o, --output <file>", "where to write it (default: report.html in the run's folder)")
    .option("--open <boolean>", "show it in the browser when a person is at the terminal", "true")
    .addHelpText("after", "\nExamples:\n  $ retool report runs/quickstart\n  $ retool report runs/quickstart --open false -o report.html")
    .action(async (run: string, { output, open }: Options) => {
      const { writeReport } = await import("../report/write-report.js");
      const path = await writeReport(run, output);
      context.print(path);
      if (open !== "false" && process.stdout.isTTY) {
        const { openInBrowser } = await import("../report/open-in-browser.js");
        await openInBrowser(path);
      }
    });
}

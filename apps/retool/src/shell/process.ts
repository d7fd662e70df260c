import type { CliContext, RegisterCommands } from "./cli-context.js";
import { createProgram } from "./command-line.js";
import { endingOf, EXIT } from "./exit.js";
import { createReporter, hasColor } from "./log.js";

const STUCK = "the command waits for something that can never come, such as a promise of a plugin that nothing settles";

/** Runs one command line in this process and ends the process with its exit code. */
export async function runProcess(args: readonly string[], register: RegisterCommands): Promise<void> {
  const controller = new AbortController();
  const flag = { quiet: false };
  let exitCode: number = EXIT.done;
  const context: CliContext = {
    reporter: createReporter({ quiet: () => flag.quiet }),
    signal: controller.signal,
    print: (text) => void process.stdout.write(`${text}\n`),
    color: hasColor(process.stdout),
    setExitCode: (code) => (exitCode = code),
  };
  const end = (error: unknown) => {
    const ending = endingOf(error, { debug: (process.env["RETOOL_DEBUG"] ?? "") !== "" });
    context.reporter.close();
    if (ending.message !== "") process.stderr.write(`${ending.message}\n`);
    return ending.exitCode;
  };
  const stopAtOnce = (error: unknown) => process.exit(end(error));
  process.on("uncaughtException", stopAtOnce);
  process.on("unhandledRejection", stopAtOnce);
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write("\nStopping; press Ctrl-C again to quit at once.\n");
    controller.abort();
  });
  process.once("beforeExit", () => process.exit(end(new Error(STUCK)))); // not emitted by process.exit, so the command below has not ended
  for (const stream of [process.stdout, process.stderr]) stream.on("error", quitWhenNobodyReads);

  try {
    const program = createProgram(context, flag, register);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
    if (controller.signal.aborted) exitCode = EXIT.interrupted;
  } catch (error) {
    exitCode = end(error);
  }
  await new Promise((resolve) => process.stdout.write("", resolve));
  process.exit(exitCode);
}

/** `retool inspect RUN | head` closes our stdout; that is not a failure. */
function quitWhenNobodyReads(error: NodeJS.ErrnoException): void {
  process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.failed);
}

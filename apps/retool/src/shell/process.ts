import type { CliContext, RegisterCommands } from "./cli-context.js";
import { createProgram } from "./command-line.js";
import { endingOf, EXIT } from "./exit.js";
import { createReporter, hasColor } from "./log.js";
import { endOnFaults } from "./strays.js";
import { visibleText } from "@retool-ts/runs";

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
    if (ending.message !== "") process.stderr.write(`${visibleText(ending.message)}\n`); // it may quote a hostile file
    return ending.exitCode;
  };
  endOnFaults((error) => process.exit(end(error)));
  const stop = (notice: string) => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(notice);
    controller.abort();
  };
  process.on("SIGINT", () => stop("\nStopping; press Ctrl-C again to quit at once.\n"));
  process.on("SIGTERM", () => {
    // A server ends by it as by a request, and has a listener of its own.
    if (process.listenerCount("SIGTERM") === 1) stop("\nStopping; a second SIGTERM quits at once.\n");
  });
  process.once("beforeExit", () => process.exit(end(new Error(STUCK)))); // not emitted by process.exit, so the command below has not ended
  for (const stream of [process.stdout, process.stderr]) stream.on("error", goOnWhenNobodyReads);

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

/**
 * `retool inspect RUN | head` closes our stdout; that is not a failure. The command goes on to its end, so that a run is not left half
 * done by a reader of its progress, and the exit code is that of the work.
 */
function goOnWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") process.exit(EXIT.failed);
}

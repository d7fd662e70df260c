import { spawn } from "node:child_process";
import { RetoolError } from "@retool-ts/core";
import type { CliContext } from "../shell/cli-context.js";
import { EXIT } from "../shell/exit.js";
import type { Reporter } from "../shell/log.js";
import { runJob, type RunJob } from "./run-job.js";

/** Name of the command that a child process is started with; it is not in the help. */
export const CHILD_COMMAND = "run-job";

/** Message of a parent to its child; there is no other. */
const STOP = "stop";

/** Message of a child to its parent: the work it is at. */
interface ChildProgress {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

/**
 * Does a job in a process of its own: the same program with {@link CHILD_COMMAND}. The child is in its own process group, so that
 * Ctrl-C reaches it once, through the parent; it also stops when the parent is gone.
 *
 * @param title - what the run is called in the message of its failure.
 * @param program - Node, its options and the script to start.
 */
export function spawnJob(
  job: RunJob,
  title: string,
  program: readonly string[],
  signal: AbortSignal,
  onProgress: (progress: ChildProgress) => void,
): Promise<void> {
  const [node, ...script] = program;
  const child = spawn(node!, [...script, CHILD_COMMAND, JSON.stringify(job)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    detached: true,
    windowsHide: true, // there, a group of its own comes with a console of its own
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  child.on("message", (message) => onProgress(message as ChildProgress));
  const stop = () => child.connected && child.send(STOP);
  signal.addEventListener("abort", stop, { once: true });
  return new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === EXIT.done) resolve();
      else if (signal.aborted) reject(signal.reason as Error);
      else reject(new RetoolError("JOB", `${title}: ${said.trim().replace(/^error: /, "") || `exit code ${code}`}`));
    });
  }).finally(() => signal.removeEventListener("abort", stop));
}

/** The work of a child process. */
export async function runChild(text: string, { signal }: CliContext): Promise<void> {
  const parent = new AbortController();
  process.once("message", () => parent.abort());
  process.once("disconnect", () => parent.abort());
  const stop = AbortSignal.any([signal, parent.signal]);
  await runJob(JSON.parse(text) as RunJob, {
    reporter: progressReporter((progress) => process.connected && process.send!(progress)),
    signal: stop,
  });
  if (process.connected) process.disconnect();
}

/** A reporter that hands on progress and is silent otherwise. */
export function progressReporter(send: (progress: ChildProgress) => void): Reporter {
  return {
    say() {},
    step() {},
    close() {},
    status: () => ({ update() {}, done() {} }),
    progress: (label, total) => ({ update: (done) => send({ label, done, total }), done() {} }),
  };
}

import { setTimeout } from "node:timers/promises";
import { describeJob, RayJobs, type RayStatus, type RaySubmission } from "../setup/ray-jobs.js";
import type { CliContext } from "../shell/cli-context.js";
import { EXIT } from "../shell/exit.js";

const ENDED = new Set<RayStatus>(["SUCCEEDED", "STOPPED", "FAILED"]);

export async function submit(address: string, submission: RaySubmission, { print }: Pick<CliContext, "print">): Promise<void> {
  print(await new RayJobs(address).submit(submission));
}

/** Prints one job, or all. */
export async function status(address: string, id: string | undefined, json: boolean, { print }: Pick<CliContext, "print">): Promise<void> {
  const jobs = new RayJobs(address);
  const found = id === undefined ? await jobs.list() : [await jobs.job(id)];
  print(json ? JSON.stringify(found, null, 2) : found.map(describeJob).join("\n") || "no jobs");
}

/** Prints what a job has printed and, where it is followed, what it goes on to print until it ends. */
export async function logs(
  address: string,
  id: string,
  { follow, pollMs = 1_000 }: { readonly follow: boolean; readonly pollMs?: number },
  {
    print,
    reporter,
    signal,
    setExitCode,
  }: Pick<CliContext, "print" | "signal" | "setExitCode"> & { readonly reporter: Pick<CliContext["reporter"], "say"> },
): Promise<void> {
  const jobs = new RayJobs(address);
  let [shown, said] = [0, ""];
  for (;;) {
    const job = await jobs.job(id); // before the logs: what an ended job printed is all there
    const text = await jobs.logs(id);
    // A line that is not whole yet comes with the next look.
    const end = !follow || ENDED.has(job.status) ? text.length : text.lastIndexOf("\n") + 1;
    if (end > shown) print(text.slice(shown, end).replace(/\n$/, ""));
    shown = Math.max(shown, end);
    if (follow && job.status === "PENDING" && job.message && job.message !== said) reporter.say((said = `${id} waits: ${job.message}`));
    if (ENDED.has(job.status) && job.status === "FAILED") {
      reporter.say(describeJob(job));
      if (follow) setExitCode(EXIT.failed);
    }
    if (!follow || ENDED.has(job.status)) return;
    await setTimeout(pollMs, undefined, { signal });
  }
}

export async function stop(address: string, id: string, { print }: Pick<CliContext, "print">): Promise<void> {
  print((await new RayJobs(address).stop(id)) ? `${id} was told to stop` : `${id} had ended`);
}

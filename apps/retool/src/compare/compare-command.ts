import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { existsSync } from "node:fs";
import { InputError } from "@retool-ts/core";
import { writeFileAtomic } from "@retool-ts/runs";
import type { CliContext } from "../shell/cli-context.js";
import { planText } from "../plan/describe-plan.js";
import { formatTable } from "../shell/text-table.js";
import { Interrupted } from "../shell/interrupted.js";
import { ARM_NAMES, ARM_TITLES } from "./arms.js";
import { readArmRun } from "./arm-run.js";
import { spawnJob } from "../recipe/job-process.js";
import { groupTable, outcomeTable, seedTable } from "./compare-tables.js";
import { compareRuns, type ComparisonResult } from "./comparison.js";
import { countHeldOut } from "./figures.js";
import { runQueue } from "../recipe/job-queue.js";
import { isFinished, runJob } from "../recipe/run-job.js";
import { planJobs, type ComparisonPlan, type Job } from "./jobs.js";
import { renderComparison } from "./render-comparison.js";
import { verdictSentences } from "./verdict.js";

/** Request of the command line. */
export interface CompareOptions extends ComparisonPlan {
  /** Folder of the comparison. */
  readonly output: string;
  /** Runs at once, each in a process of its own; one runs in this process. */
  readonly processes?: number;
  /** Command that starts a process of this program: Node, its options and the script. */
  readonly program: readonly string[];
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Trains every arm with every seed, as far as that is not done yet, and reports. */
export async function compare(options: CompareOptions, context: CliContext): Promise<ComparisonResult | undefined> {
  const { output: run, comparison, seeds, set } = options;
  const arms = ARM_NAMES.filter((arm) => options.arms.includes(arm));
  const plan: ComparisonPlan = { comparison, arms, seeds, set };
  const jobs = await planJobs(run, plan);
  if (options.dryRun) {
    context.print(await describe(jobs));
    return undefined;
  }
  await keepSettings(run, plan);
  await runAll(
    jobs.filter((job) => !isFinished(job)),
    options,
    context,
  );
  const runs = await Promise.all(jobs.map(readArmRun));
  const result = compareRuns(plan, runs, await countHeldOut(jobs, runs));
  await writeFileAtomic(join(run, "compare.json"), `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomic(join(run, "report.html"), renderComparison(result));
  tell(result, run, options, context);
  return result;
}

async function runAll(jobs: readonly Job[], options: CompareOptions, { reporter, signal }: CliContext): Promise<void> {
  const processes = options.processes ?? Math.min(2, availableParallelism());
  if (jobs.length === 0) return;
  reporter.say(`${jobs.length} runs, ${Math.min(processes, jobs.length)} at a time, in ${options.output}`);
  const bar = reporter.progress("runs", jobs.length);
  let done = 0;
  try {
    await runQueue(jobs, processes, signal, async (job, stop) => {
      const name = `${ARM_TITLES[job.arm]}, seed ${job.seed}`;
      if (processes === 1) await runJob(job, { reporter, signal: stop });
      else await spawnJob(job, name, options.program, stop, (at) => bar.update(done, `${name}: ${at.label} ${at.done}/${at.total}`));
      const { coldStart, final } = await readArmRun(job);
      reporter.say(
        `${name}: ${(100 * coldStart.accuracy).toFixed(1)} % after the cold start, ${(100 * final.accuracy).toFixed(1)} % after RL`,
      );
      bar.update(++done);
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Interrupted("interrupted; what was done is saved. Go on with the same command.", { cause: error });
  }
  bar.done();
}

function tell(result: ComparisonResult, run: string, { json }: CompareOptions, { print }: CliContext): void {
  if (json) return print(JSON.stringify(result));
  for (const table of [outcomeTable(result), seedTable(result), groupTable(result)]) print(`${formatTable(table)}\n`);
  for (const sentence of verdictSentences(result)) print(sentence);
  print(`\nreport:     ${join(run, "report.html")}\nfigures:    ${join(run, "compare.json")}`);
}

/** The runs to come, and the needs of the longest run of each arm. */
async function describe(jobs: readonly Job[]): Promise<string> {
  const parts = [`${jobs.length} runs: ${jobs.map(({ arm, seed }) => `${arm}-seed${seed}`).join(", ")}`];
  for (const arm of new Set(jobs.map((job) => job.arm))) {
    const { config } = jobs.find((job) => job.arm === arm)!;
    parts.push(
      `\n${ARM_TITLES[arm]}, each of ${jobs.filter((job) => job.arm === arm).length} runs\n${await planText(config, { sft: true, rl: true })}`,
    );
  }
  return parts.join("\n");
}

/**
 * Runs with other settings must not be mixed in one folder; arms and seeds may be added.
 *
 * @throws InputError when the folder was begun with other settings.
 */
async function keepSettings(folder: string, { comparison, set }: ComparisonPlan): Promise<void> {
  const file = join(folder, "settings.json");
  const text = `${JSON.stringify({ comparison, set }, null, 2)}\n`;
  if (!existsSync(file)) {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(file, text);
    return;
  }
  const before = await readFile(file, "utf8");
  if (before === text) return;
  throw new InputError({
    what: "comparison",
    where: file,
    expected: "the settings that the folder was begun with",
    found: "other --preset or --set options",
    fix: "give the same ones to go on, or choose another --output",
  });
}

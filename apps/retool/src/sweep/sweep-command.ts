import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join, relative } from "node:path";
import { InputError } from "@retool-ts/core";
import { openRunFolder, writeFileAtomic } from "@retool-ts/runs";
import { spawnJob } from "../recipe/job-process.js";
import { runQueue } from "../recipe/job-queue.js";
import { isFinished, runJob } from "../recipe/run-job.js";
import { loadConfig } from "../config/load-config.js";
import type { CliContext } from "../shell/cli-context.js";
import { EXIT } from "../shell/exit.js";
import { Interrupted } from "../shell/interrupted.js";
import { formatTable } from "../shell/text-table.js";
import { evaluateRuns } from "./sweep-evaluations.js";
import { shareColdStarts, type CellJob, type SweepJobs } from "./cold-starts.js";
import { folderName, readSweep, type Sweep, type SweepChanges } from "./sweep-file.js";
import { curveFigure } from "./curve-figure.js";
import { learningCurve, startEntropy } from "./learning-curves.js";
import { summarizeSweep, type SweepFailure, type SweepResult, type SweepRun } from "./sweep-result.js";
import { cellTable, curvesCsv, evaluationTable, raceTable, runsCsv } from "./sweep-tables.js";

/** Request of the command line. */
export interface SweepOptions extends SweepChanges {
  /** Folder of the sweep. */
  readonly output: string;
  /** Runs at once, each in a process of its own; one runs in this process. */
  readonly processes?: number;
  /** Command that starts a process of this program: Node, its options and the script. */
  readonly program: readonly string[];
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** A job that did not end. */
interface JobFailure extends SweepFailure {
  readonly path: string;
}

/**
 * Runs every cell of a sweep with every seed, as far as that is not done yet, and reports. A run that fails stops no other; it is tried
 * again when the same command is given again.
 */
export async function sweep(file: string, options: SweepOptions, context: CliContext): Promise<SweepResult | undefined> {
  const { output, dryRun, json } = options;
  const { print, setExitCode } = context;
  const plan = await readSweep(file, options);
  const { coldStarts, jobs } = await planJobs(plan, output);
  if (dryRun) {
    const all = [...coldStarts, ...jobs];
    const open = all.filter((job) => !isFinished(job)).length;
    print([`${all.length} runs, of which ${open} are to do`, ...all.map(({ path }) => relative(output, path))].join("\n"));
    return undefined;
  }
  await keepSettings(output, plan);
  const unstarted = new Map((await runAll(coldStarts, options, context)).map(({ path, message }) => [path, message]));
  const failures = [
    ...jobs.flatMap(({ cell, seed, from }) =>
      from === undefined || !unstarted.has(from) ? [] : [{ cell, seed, message: unstarted.get(from)! }],
    ),
    ...(await runAll(jobs.filter(({ from }) => from === undefined || !unstarted.has(from)), options, context)).map(({ cell, seed, message }) => ({ cell, seed, message })), // prettier-ignore
  ];
  const finished = jobs.filter(isFinished);
  const evaluations = await evaluateRuns(finished, plan.evaluations, output, context);
  const result = summarizeSweep(plan, await Promise.all(finished.map(readSweepRun)), failures, evaluations);
  await writeFileAtomic(join(output, "sweep.json"), `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomic(join(output, "sweep.csv"), runsCsv(result));
  await writeFileAtomic(join(output, "curves.csv"), curvesCsv(result));
  const figure = curveFigure(result.cells.map(({ name, curve }) => ({ name, points: curve })));
  if (figure !== "") await writeFileAtomic(join(output, "curves.svg"), figure);
  if (json) print(JSON.stringify(result));
  else tell(result, output, print);
  if (failures.length > 0) setExitCode(EXIT.failed);
  return result;
}

function tell(result: SweepResult, output: string, print: CliContext["print"]): void {
  const files = [["result:", "sweep.json"], ["runs:", "sweep.csv"], ["curves:", result.cells.some(({ curve }) => curve.length > 0) ? "curves.svg" : "curves.csv"]]; // prettier-ignore
  for (const table of [cellTable(result), raceTable(result), evaluationTable(result)])
    if (table.length > 1) print(`${formatTable(table)}\n`);
  print(files.map(([title, name]) => `${title!.padEnd(12)}${join(output, name!)}`).join("\n"));
}

/** All configs are checked before the first run begins. */
async function planJobs({ cells, seeds, evaluations, ...plan }: Sweep, output: string): Promise<SweepJobs> {
  const jobs: CellJob[] = [];
  for (const { name, preset, set } of cells) {
    for (const changes of Object.values(evaluations)) await loadConfig({ preset, set: [...set, ...changes] });
    for (const seed of seeds) {
      const config = await loadConfig({ preset, set: [...set, `seed=${seed}`] });
      jobs.push({ cell: name, seed, path: join(output, `${folderName(name)}-seed${seed}`), config });
    }
  }
  return plan.shareColdStarts ? shareColdStarts(jobs, output) : { coldStarts: [], jobs };
}

async function runAll(jobs: readonly CellJob[], options: SweepOptions, { reporter, signal }: CliContext): Promise<JobFailure[]> {
  const open = jobs.filter((job) => !isFinished(job));
  const processes = options.processes ?? Math.min(2, availableParallelism());
  const failures = new Map<CellJob, JobFailure>();
  if (open.length === 0) return [];
  reporter.say(`${open.length} runs, ${Math.min(processes, open.length)} at a time, in ${options.output}`);
  const bar = reporter.progress("runs", open.length);
  let done = 0;
  try {
    await runQueue(open, processes, signal, async (job, stop) => {
      const title = `${job.cell}, seed ${job.seed}`;
      try {
        if (processes === 1) await runJob(job, { reporter, signal: stop });
        else await spawnJob(job, title, options.program, stop, (at) => bar.update(done, `${title}: ${at.label} ${at.done}/${at.total}`));
      } catch (error) {
        if (stop.aborted) throw error;
        const { message } = error as Error;
        failures.set(job, { cell: job.cell, seed: job.seed, path: job.path, message });
        reporter.say(`${title} failed: ${message}`);
      }
      bar.update(++done);
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Interrupted("interrupted; what was done is saved. Go on with the same command.", { cause: error });
  }
  bar.done();
  return jobs.flatMap((job) => failures.get(job) ?? []);
}

/** Reads the folder of a finished run. */
async function readSweepRun({ cell, seed, path }: CellJob): Promise<SweepRun> {
  const run = await openRunFolder(path);
  const { coldStart, final } = run.readSummary()!.phases;
  const records = await run.readTrajectories("final");
  const metrics = run.readMetrics();
  return {
    cell,
    seed,
    run: basename(path),
    coldStart: coldStart!.accuracy,
    entropy: startEntropy(metrics),
    final: final!.accuracy,
    responseTokens: final!.meanTokens,
    codeRatio: final!.codeRatio,
    curve: learningCurve(metrics),
    answers: new Map(records.map(({ problemId, sampleIndex, correct }) => [`${problemId} ${sampleIndex}`, correct])),
  };
}

/**
 * Cells and seeds may be added to a sweep; a cell must keep its settings, since its runs would be mixed.
 *
 * @throws InputError when a cell of the folder was begun with other settings.
 */
async function keepSettings(output: string, { cells }: Sweep): Promise<void> {
  const file = join(output, "settings.json");
  const before = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>) : {};
  const now = Object.fromEntries(cells.map(({ name, preset, set }) => [name, { preset, set }]));
  const changed = Object.keys(now).find(
    (name) => Object.hasOwn(before, name) && JSON.stringify(before[name]) !== JSON.stringify(now[name]),
  );
  if (changed !== undefined) {
    const problem = { what: "sweep", where: file, expected: `the settings that the cell ${changed} was begun with`, found: "others" };
    throw new InputError({ ...problem, fix: "give the cell another name, or choose another --output" });
  }
  await mkdir(output, { recursive: true });
  await writeFileAtomic(file, `${JSON.stringify({ ...before, ...now }, null, 2)}\n`);
}

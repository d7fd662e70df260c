import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { gradeGroup, type Grader } from "@retool-ts/evaluate";
import type { RewardResult } from "@retool-ts/reward";
import {
  createRunFolder,
  openRunFolder,
  readTrajectories,
  recordedProblem,
  recordedTrajectory,
  RunFolder,
  type TrajectoryRecord,
} from "@retool-ts/runs";
import { loadConfig } from "../config/load-config.js";
import { loadPlugins } from "../config/load-plugins.js";
import { rewardOf } from "../setup/create-environment.js";
import { readModelTokenizer } from "../setup/model-files.js";
import { groupRecords } from "../setup/recorded-rollouts.js";
import type { CliContext } from "../shell/cli-context.js";
import { formatTable } from "../shell/text-table.js";

/** Options of `retool rescore`. */
export interface RescoreOptions {
  readonly set: readonly string[];
  readonly plugin: readonly string[];
  readonly output?: string;
  readonly json: boolean;
}

/** A rollout with its old and its new verdict. */
interface Change {
  readonly before: TrajectoryRecord;
  readonly after: TrajectoryRecord;
}

/** Scores of a phase, as they were and as they are. */
interface PhaseChange {
  readonly phase: string;
  readonly rollouts: number;
  readonly accuracy: readonly [before: number, after: number];
  readonly score: readonly [before: number, after: number];
  /** Verdicts that changed. */
  readonly nowRight: number;
  readonly nowWrong: number;
}

/**
 * Grades recorded rollouts by the run's reward with other settings, says what changes, and writes them with their new scores where an
 * output is named. Groups are graded together, so that a reward that compares sees whole ones.
 *
 * @throws InputError when there are no rollouts, or a setting is wrong.
 */
export async function rescore(
  path: string,
  { set, plugin, output, json }: RescoreOptions,
  { print, reporter, signal }: CliContext,
): Promise<void> {
  const { run, files } = await rolloutsAt(path);
  const file = run.file("config.yaml");
  const config = await loadConfig({ ...(existsSync(file) && { file }), set, plugins: plugin });
  const grader: Grader = { reward: rewardOf(config, await loadPlugins(config.plugins)), ...(await endsOf(run)), signal };
  const folder =
    output === undefined ? undefined : await createRunFolder(output, { hints: { another: "choose another folder with --output" } });
  const bar = reporter.progress("grade", files.length);
  const changes: Change[] = [];
  for (const [index, name] of files.entries()) {
    const graded = await gradeFile(name, grader);
    signal.throwIfAborted();
    changes.push(...graded);
    await folder?.writeTrajectories(basename(name).replace(/\.jsonl(\.gz)?$/, ""), graded.map(({ after }) => after)); // prettier-ignore
    bar.update(index + 1);
  }
  bar.done();
  const names = [...new Set(changes.map(({ before }) => before.phase))];
  const phases = names.map((phase) => phaseChange(phase, changes.filter(({ before }) => before.phase === phase))); // prettier-ignore
  print(json ? JSON.stringify({ phases, ...(output !== undefined && { output }) }, null, 2) : table(phases));
}

/** All files of rollouts of a run, or the one that is named, and the run that they are of. */
async function rolloutsAt(path: string): Promise<{ readonly run: RunFolder; readonly files: readonly string[] }> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return { run: new RunFolder(dirname(dirname(path))), files: [path] };
  const run = await openRunFolder(path);
  const files = await run.trajectoryFiles();
  if (files.length > 0) return { run, files };
  const problem = { what: "rollouts", where: join(path, "trajectories"), expected: "files of rollouts", found: "none" };
  throw new InputError({ ...problem, fix: "name a run that has kept some" });
}

/** Tokens that end a text, which are no part of what is graded; none where the run has kept no checkpoint to read them from. */
async function endsOf(run: RunFolder): Promise<Pick<Grader, "tokenizer" | "eosTokenIds">> {
  const checkpoint = await run.latestCheckpoint();
  return checkpoint === undefined ? { tokenizer: { idToToken: () => undefined }, eosTokenIds: [] } : readModelTokenizer(checkpoint.path);
}

async function gradeFile(file: string, grader: Grader): Promise<Change[]> {
  const changes: Change[] = [];
  for (const group of groupRecords(await readTrajectories(file))) {
    const rewards = await gradeGroup(recordedProblem(group[0]!), group.map(recordedTrajectory), grader);
    for (const [i, before] of group.entries()) changes.push({ before, after: withReward(before, rewards[i]!) });
  }
  return changes;
}

/** An advantage was one of the old scores, so it goes. */
function withReward(before: TrajectoryRecord, reward: RewardResult): TrajectoryRecord {
  const kept = Object.entries(before).filter(([key]) => key !== "advantage" && key !== "prediction");
  const { score, correct, parts, prediction } = reward;
  return {
    ...(Object.fromEntries(kept) as unknown as TrajectoryRecord),
    score,
    correct,
    parts,
    ...(prediction !== undefined && { prediction }),
  };
}

function phaseChange(phase: string, changes: readonly Change[]): PhaseChange {
  const mean = (of: (change: Change) => number) => changes.reduce((sum, change) => sum + of(change), 0) / changes.length;
  const count = (right: boolean) => changes.filter(({ before, after }) => after.correct === right && before.correct !== right).length;
  return {
    phase,
    rollouts: changes.length,
    accuracy: [mean(({ before }) => Number(before.correct)), mean(({ after }) => Number(after.correct))],
    score: [mean(({ before }) => before.score), mean(({ after }) => after.score)],
    nowRight: count(true),
    nowWrong: count(false),
  };
}

function table(phases: readonly PhaseChange[]): string {
  const change = (values: readonly [number, number], digits: (value: number) => string) => values.map(digits).join(" -> ");
  return formatTable([
    ["", "rollouts", "accuracy", "score", "now right", "now wrong"],
    ...phases.map(({ phase, rollouts, accuracy, score, nowRight, nowWrong }) => [
      phase,
      String(rollouts),
      `${change(accuracy, (value) => (100 * value).toFixed(1))} %`,
      change(score, (value) => value.toFixed(3)),
      String(nowRight),
      String(nowWrong),
    ]),
  ]);
}

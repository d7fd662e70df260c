import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { groupBy, InputError, RetoolError } from "@retool-ts/core";
import type { Tokenizer } from "@retool-ts/data";
import type { GradedRollout } from "@retool-ts/evaluate";
import type { Trajectory } from "@retool-ts/rollout";
import {
  openRunFolder,
  readTrajectories,
  recordedProblem,
  recordedReward,
  recordedTrajectory,
  type TrajectoryRecord,
} from "@retool-ts/runs";

/** Rollouts of one problem in one step of one file. */
export type RecordGroup = readonly TrajectoryRecord[];

/**
 * Files of rollouts: one that is named, or those of a run's training steps. What a run sampled to evaluate is only read where its file
 * is named, as it is of test problems.
 *
 * @throws InputError when there is neither.
 */
export async function rolloutFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return [path];
  const files = (await (await openRunFolder(path)).trajectoryFiles()).filter((file) => basename(file).startsWith("step-"));
  if (files.length > 0) return files;
  const problem = { what: "rollouts", where: path, expected: "a run with rollouts of training steps", found: "none" };
  throw new InputError({ ...problem, fix: "name another run, or one of its trajectories/*.jsonl.gz" });
}

/** Records by phase, step and problem, in the order in which they stand. */
export function groupRecords(records: readonly TrajectoryRecord[]): RecordGroup[] {
  return [...groupBy(records, ({ phase, step, problemId }) => JSON.stringify([phase, step, problemId])).values()];
}

/**
 * Groups of recorded rollouts to learn from.
 *
 * @throws InputError when rollouts have no tokens, or those of another tokenizer.
 */
export async function recordedGroups(paths: readonly string[], tokenizer: Tokenizer): Promise<GradedRollout[][]> {
  const groups: GradedRollout[][] = [];
  for (const path of paths) {
    for (const file of await rolloutFiles(path)) {
      const records = await readTrajectories(file);
      if (records.length > 0) checkFirst(file, records[0]!, tokenizer);
      groups.push(...groupRecords(records).map((group) => group.map((record) => toRollout(file, record, tokenizer.vocabSize))));
    }
  }
  return groups;
}

function toRollout(file: string, record: TrajectoryRecord, vocabSize: number): GradedRollout {
  try {
    if (record.tokens === undefined) throw new RetoolError("TRAJECTORY", "a rollout without its tokens");
    const beyond = record.tokens.ids.find((id) => id >= vocabSize);
    if (beyond !== undefined) throw new RetoolError("TRAJECTORY", `token ${beyond}, beyond this vocabulary of ${vocabSize}`);
    return { problem: recordedProblem(record), trajectory: recordedTrajectory(record), reward: recordedReward(record) };
  } catch (cause) {
    if (!RetoolError.isInstance(cause)) throw cause;
    throw refuse(file, cause.message, cause);
  }
}

/** Texts say whether ids are of this tokenizer. */
function checkFirst(file: string, record: TrajectoryRecord, tokenizer: Tokenizer): void {
  const { tokenIds, segments } = toRollout(file, record, tokenizer.vocabSize).trajectory;
  for (const { kind, start, end, text } of segments) {
    if (kind === "model" && textOf(tokenIds.subarray(start, end), tokenizer) !== text) {
      throw refuse(file, `ids that are ${JSON.stringify(text.slice(0, 40))} in another one`);
    }
  }
}

function textOf(ids: Trajectory["tokenIds"], tokenizer: Tokenizer): string {
  const decoder = tokenizer.streamDecoder();
  return [...ids].map((id) => decoder.push(id)).join("") + decoder.flush();
}

function refuse(file: string, found: string, cause?: unknown): InputError {
  const expected = "rollouts with tokens of this model's tokenizer";
  const fix = "record them with --set log.replay=true, in a run of a model with the same tokenizer";
  return new InputError({ what: "rollouts", where: file, expected, found, fix }, { cause });
}

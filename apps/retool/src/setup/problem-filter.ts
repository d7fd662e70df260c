import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { InputError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { openRunFolder, readTrajectories } from "@retool-ts/runs";
import type { ProblemFilter } from "../config/problem-source-config.js";

/** Whether a problem stays. */
export type KeepsProblem = (problem: Problem) => boolean;

/**
 * What a filter of the config keeps; undefined where there is none. A problem is known again by its question.
 *
 * @throws InputError when there are no rollouts to measure difficulty by.
 */
export async function problemFilter(filter: ProblemFilter | null): Promise<KeepsProblem | undefined> {
  if (filter === null) return undefined;
  const { minChars, maxChars, success } = filter;
  const shares = success === null ? new Map<string, number>() : await successShares(success.from);
  return ({ question }) => {
    if (question.length < minChars || question.length > (maxChars ?? Infinity)) return false;
    if (success === null) return true;
    const share = shares.get(question);
    return share === undefined ? success.unmeasured === "keep" : share >= success.min && share <= success.max;
  };
}

/** Share of right rollouts by question, over all that runs and files hold. */
async function successShares(paths: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, { right: number; all: number }>();
  for (const path of paths) {
    for (const file of await measuringFiles(path)) {
      for (const { question, correct } of await readTrajectories(file)) {
        const count = counts.get(question) ?? { right: 0, all: 0 };
        counts.set(question, count);
        count.all++;
        if (correct) count.right++;
      }
    }
  }
  return new Map([...counts].map(([question, { right, all }]) => [question, right / all]));
}

/** A file itself; of a folder, the rollouts of training steps and of `retool eval`. Those that a run tests with are read only where a file is named. */
async function measuringFiles(path: string): Promise<string[]> {
  if ((await stat(path).catch(() => undefined))?.isFile()) return [path];
  const files = (await (await openRunFolder(path)).trajectoryFiles()).filter((file) => /^(?:step-|eval\.)/.test(basename(file)));
  if (files.length > 0) return files;
  const problem = { what: "filter", where: path, expected: "a run or an evaluation with rollouts", found: "none" };
  throw new InputError({ ...problem, fix: "name another one, or a file of its folder trajectories" });
}

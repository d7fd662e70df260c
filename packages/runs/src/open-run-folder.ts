import { existsSync } from "node:fs";
import { access, constants, mkdir, stat } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { RunFolder } from "./run-folder.js";
import { listFolder } from "./step-folders.js";

/** Options of opening a run's folder. */
export interface RunFolderOptions {
  /** Open the folder of a run to go on with. */
  readonly resume?: boolean;
  /** Ways out of a problem in the caller's own terms. */
  readonly hints?: {
    /** For a folder that cannot be used. */
    readonly another?: string;
    /** For a folder that holds something, such as a run. */
    readonly occupied?: string;
    /** For a run to go on with that is not there. */
    readonly missing?: string;
  };
}

/**
 * Makes the folder of a new run, or opens the one to continue. A run that is not resumed gets an empty folder; nothing is left behind
 * when it cannot be written.
 *
 * @throws InputError when the folder holds something, cannot be written, or is not there to be resumed.
 */
export async function createRunFolder(path: string, { resume = false, hints = {} }: RunFolderOptions = {}): Promise<RunFolder> {
  const problem = (expected: string, found: string, fix: string, cause?: unknown) =>
    new InputError({ what: "run folder", where: path, expected, found, fix }, { cause });
  const info = await stat(path).catch(() => undefined);
  const { another = "choose another folder", occupied = another, missing = "check the path" } = hints;
  if (info !== undefined && !info.isDirectory()) throw problem("a folder", "a file", another);
  if (info === undefined && resume) throw problem("the folder of a run", "nothing", missing);
  if (info !== undefined && !resume && (await listFolder(path)).some((name) => !name.startsWith("."))) {
    throw problem("a new or empty folder", "one with files in it", occupied);
  }
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw problem("a folder that can be written", (cause as Error).message, another, cause);
  }
  return new RunFolder(path);
}

/**
 * Opens the folder of an existing run for reading.
 *
 * @throws InputError when there is none.
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  const names = await listFolder(path);
  const isRun = ["config.yaml", "metrics.jsonl", "summary.json", "trajectories"].some((name) => names.includes(name));
  if (!isRun) {
    const found = existsSync(path) ? "something else" : "nothing";
    throw new InputError({
      what: "run folder",
      where: path,
      expected: "the folder of a run",
      found,
      fix: "name a folder that a run wrote",
    });
  }
  return new RunFolder(path);
}

import { existsSync } from "node:fs";
import { access, constants, mkdir, stat } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { RunFolder } from "./run-folder.js";
import { listFolder } from "./step-folders.js";

/** Options of opening a run's folder. */
export interface RunFolderOptions {
  /** Open the folder of a run to go on with. */
  readonly resume?: boolean;
  /** Option that names the folder, for messages. */
  readonly option?: "--run" | "--out";
}

/**
 * Makes the folder of a new run, or opens the one to continue. A run that is not resumed gets an empty folder; nothing is left behind
 * when it cannot be written.
 *
 * @throws InputError when the folder holds something, cannot be written, or is not there to be resumed.
 */
export async function createRunFolder(path: string, { resume = false, option = "--run" }: RunFolderOptions = {}): Promise<RunFolder> {
  const problem = (expected: string, found: string, fix: string, cause?: unknown) =>
    new InputError({ what: "run folder", where: path, expected, found, fix }, { cause });
  const info = await stat(path).catch(() => undefined);
  const another = `choose another ${option}`;
  if (info !== undefined && !info.isDirectory()) throw problem("a folder", "a file", another);
  if (info === undefined && resume) throw problem("the folder of a run", "nothing", "check the path, or leave out --resume");
  if (info !== undefined && !resume && (await listFolder(path)).some((name) => !name.startsWith("."))) {
    throw problem("a new or empty folder", "one with files in it", option === "--run" ? `pass --resume or ${another}` : another);
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
      fix: "name a folder that a run wrote, such as runs/quickstart",
    });
  }
  return new RunFolder(path);
}

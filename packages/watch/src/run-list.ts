import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { type ParseConfig, WatchedRun } from "./watched-run.js";

/** Runs that are watched at once. */
const MOST_RUNS = 100;
/** Files of which one makes a folder that of a run. */
const MARKS = ["config.yaml", "metrics.jsonl", "summary.json", "trajectories"];

/** The runs at some paths, each a run's folder or a folder of such folders. Runs that appear later are found then. */
export class RunList {
  readonly #paths: readonly string[];
  readonly #parseConfig: ParseConfig;
  #runs: WatchedRun[] = [];
  #next = 1;

  private constructor(paths: readonly string[], parseConfig: ParseConfig) {
    this.#paths = paths.map((path) => resolve(path));
    this.#parseConfig = parseConfig;
  }

  /** @throws InputError when one of the paths is not a folder. */
  static async open(paths: readonly string[], parseConfig: ParseConfig): Promise<RunList> {
    for (const path of paths) {
      const info = await stat(path).catch(() => undefined);
      if (info?.isDirectory() === true) continue;
      const found = info === undefined ? "nothing" : "a file";
      const fix = "name the folder of a run, or a folder of such folders";
      throw new InputError({ what: "watch", where: path, expected: "a folder", found, fix });
    }
    const list = new RunList(paths, parseConfig);
    await list.refresh();
    return list;
  }

  get runs(): readonly WatchedRun[] {
    return this.#runs;
  }

  /** By its id; undefined for one that is not in the list. */
  find(id: string | undefined): WatchedRun | undefined {
    return this.#runs.find((run) => run.id === id);
  }

  /** Looks at all folders again; true when something changed. */
  async refresh(): Promise<boolean> {
    const folders = (await Promise.all(this.#paths.map(runFolders))).flat().slice(0, MOST_RUNS);
    const known = new Map(this.#runs.map((run) => [run.path, run]));
    const runs = [...new Set(folders)].map((path) => known.get(path) ?? new WatchedRun(`r${this.#next++}`, path, this.#parseConfig));
    let hasChanged = runs.length !== this.#runs.length || runs.some((run, index) => run !== this.#runs[index]);
    this.#runs = runs;
    for (const run of runs) if (await run.refresh()) hasChanged = true;
    return hasChanged;
  }
}

async function runFolders(path: string): Promise<string[]> {
  if (isRun(path)) return [path];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => join(path, name));
  return folders.filter(isRun).sort();
}

function isRun(path: string): boolean {
  return MARKS.some((name) => existsSync(join(path, name)));
}

import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { flattenConfig, type Setting } from "@retool-ts/report";
import { isFolderInUse, type LogRecord, readTrajectories, RunFolder, type Summary, type TrajectoryRecord } from "@retool-ts/runs";
import { GrowingLog } from "./growing-log.js";
import { progressOf, type Progress, type RunState } from "./progress.js";

/** Unpacked bytes of a trajectories file beyond which it is not read. */
const MOST_TRAJECTORY_BYTES = 256 * 2 ** 20;
/** Bytes of a small file, such as a config or a summary. */
const MOST_FILE_BYTES = 4 * 2 ** 20;

const REFUSED = "is not read";

/** Reads a run's `config.yaml`. */
export type ParseConfig = (text: string) => unknown;

/** A run folder that is looked at again and again. Its files may be those of a stranger: what is wrong in them becomes {@link WatchedRun.problem}. */
export class WatchedRun {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  state: RunState = "stopped";
  summary: Summary | undefined;
  configText: string | undefined;
  config: unknown;
  /** Names of the trajectories files, the newest last. */
  files: readonly string[] = [];
  /** The first thing in the folder that cannot be read, in words. */
  problem: string | undefined;
  /** Rises with each change. */
  version = 0;
  readonly #folder: RunFolder;
  readonly #metrics: GrowingLog;
  readonly #timings: GrowingLog;
  readonly #parseConfig: ParseConfig;
  #stamp = "";
  #merged: { readonly version: number; readonly records: readonly LogRecord[] } | undefined;
  #rollouts: { readonly key: string; readonly records: TrajectoryRecord[] } | undefined;

  constructor(id: string, path: string, parseConfig: ParseConfig) {
    this.id = id;
    this.path = resolve(path);
    this.name = basename(this.path);
    this.#folder = new RunFolder(this.path);
    this.#metrics = new GrowingLog(join(this.path, "metrics.jsonl"));
    this.#timings = new GrowingLog(join(this.path, "timings.jsonl"));
    this.#parseConfig = parseConfig;
  }

  /** Looks at the folder again; true when something changed. */
  async refresh(): Promise<boolean> {
    const logs = await this.#logs();
    const stamp = await this.#small();
    const hasChanged = logs || stamp !== this.#stamp;
    this.#stamp = stamp;
    if (hasChanged) this.version++;
    return hasChanged;
  }

  /** Metrics and timings of each step together. */
  get records(): readonly LogRecord[] {
    if (this.#merged?.version !== this.version) {
      const keyOf = ({ phase, step }: LogRecord) => `${String(phase)} ${String(step)}`;
      const timings = new Map(this.#timings.records.map((record) => [keyOf(record), record]));
      const records = this.#metrics.records.map((record) => ({ ...timings.get(keyOf(record)), ...record }));
      this.#merged = { version: this.version, records };
    }
    return this.#merged.records;
  }

  get settings(): Setting[] {
    return flattenConfig(this.config);
  }

  get progress(): Progress | undefined {
    return progressOf(this.records, this.config, this.state);
  }

  /**
   * The rollouts of one of {@link WatchedRun.files}; the last file that was asked for stays in memory.
   *
   * @throws InputError when it is no such file, or too large.
   */
  async rollouts(file: string): Promise<readonly TrajectoryRecord[]> {
    const path = join(this.path, "trajectories", file);
    const info = await stat(path);
    const { mtimeMs, size } = info;
    if (!info.isFile() || !this.files.includes(file)) throw new Error(`${path} is no file of rollouts`);
    const key = `${file} ${mtimeMs} ${size}`;
    if (this.#rollouts?.key !== key) this.#rollouts = { key, records: await readTrajectories(path, { maxBytes: MOST_TRAJECTORY_BYTES }) };
    return this.#rollouts.records;
  }

  async #logs(): Promise<boolean> {
    let hasChanged = false;
    this.problem = undefined;
    for (const log of [this.#metrics, this.#timings]) {
      await this.#attempt(async () => {
        if (await log.refresh()) hasChanged = true;
        if (log.problem !== undefined) throw new Error(log.problem);
      });
    }
    return hasChanged;
  }

  /** Reads the small files where they changed, and gives what tells one state of the folder from another. */
  async #small(): Promise<string> {
    const stamps = await Promise.all(["config.yaml", "summary.json"].map((name) => this.#stampOf(name)));
    const [config, summary] = stamps;
    await this.#attempt(() => {
      if (config!.startsWith(REFUSED)) throw new Error(`${this.#folder.file("config.yaml")} ${config}`);
      const text = this.#folder.readConfig();
      if (text !== this.configText) {
        this.configText = text;
        this.config = undefined;
        this.config = text === undefined ? undefined : this.#parseConfig(text);
      }
    });
    await this.#attempt(() => {
      if (summary!.startsWith(REFUSED)) throw new Error(`${this.#folder.file("summary.json")} ${summary}`);
      this.summary = undefined;
      this.summary = this.#folder.readSummary();
    });
    await this.#attempt(async () => {
      const paths = await this.#folder.trajectoryFiles();
      const files = await Promise.all(paths.map(async (path) => ({ name: basename(path), at: (await stat(path)).mtimeMs })));
      this.files = files.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
    });
    this.state = isFolderInUse(this.path) ? "running" : this.#isFinished() ? "finished" : "stopped";
    return JSON.stringify([stamps, this.files, this.state, this.problem]);
  }

  #isFinished(): boolean {
    const phases = Object.keys(this.summary?.phases ?? {});
    return phases.includes("final") || phases.includes("eval") || (phases.length > 0 && !this.records.some(({ phase }) => phase === "rl"));
  }

  async #stampOf(name: string): Promise<string> {
    const info = await stat(this.#folder.file(name)).catch(() => undefined);
    if (info === undefined) return "";
    if (!info.isFile()) return `${REFUSED}: no file`; // a pipe would be waited for
    return info.size > MOST_FILE_BYTES ? `${REFUSED}: ${info.size} bytes` : `${info.mtimeMs} ${info.size}`;
  }

  async #attempt(read: () => void | Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      this.problem ??= (error instanceof Error ? error.message : String(error)).slice(0, 600);
    }
  }
}

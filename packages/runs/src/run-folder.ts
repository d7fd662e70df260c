import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { writeFileAtomic } from "./atomic-write.js";
import { checkSummary } from "./check-record.js";
import { refuseLostFolder } from "./folder-lock.js";
import { RecordLog, type LogRecord } from "./record-log.js";
import { listFolder, listSteps, removeCheckpoint, removeTemporaryFiles, stepName, type Checkpoint } from "./step-folders.js";
import type { Summary } from "./summary.js";
import { readTrajectories, writeTrajectoryFile } from "./trajectory-file.js";
import { EventLog } from "./tensorboard/event-log.js";
import { FileJournal, type JournalNotice } from "./journal/file-journal.js";
import { toRecord, type RecordLabel, type RecordSource, type TrajectoryRecord } from "./trajectory-record.js";

/** Beginning of a checkpoint's name while it is written; no step's name has it, so that it never counts as one. */
const WRITING = "writing-";

/** A checkpoint to be written, and what stays beside it. */
export interface KeptCheckpoint {
  readonly step: number;
  /** Everything beside models that the run needs to go on: `state.json`. */
  readonly state: unknown;
  /** Checkpoints that stay beside the newest. */
  readonly keep: number;
  /** The step that did best; its checkpoint is never removed. */
  readonly best?: { readonly step: number; readonly accuracy: number } | undefined;
  /** True for a journal of rollouts that is still of use after this checkpoint. */
  keepsJournal(name: string): boolean;
}

/** Everything a run leaves behind. Whole files are replaced atomically, logs grow by whole lines. */
export class RunFolder {
  readonly path: string;
  /** Time at which this object was made, on the clock of `performance.now`. */
  readonly openedAt = performance.now();
  readonly #metrics: RecordLog;
  readonly #timings: RecordLog;
  readonly #events: EventLog;
  #hasEvents = false;
  #keepsTokens = false;

  constructor(path: string) {
    this.path = resolve(path);
    this.#metrics = new RecordLog(this.file("metrics.jsonl"));
    this.#timings = new RecordLog(this.file("timings.jsonl"));
    this.#events = new EventLog(this.path);
  }

  /** From now on, what is logged is also written for TensorBoard. */
  logForTensorBoard(): void {
    this.#hasEvents = true;
  }

  /** From now on, rollouts are written with what it takes to learn from them again. */
  keepForReplay(): void {
    this.#keepsTokens = true;
  }

  get name(): string {
    return basename(this.path);
  }

  /** Path of a file in this folder. */
  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** The resolved config as YAML. */
  writeConfig(yaml: string): Promise<void> {
    return writeFileAtomic(this.file("config.yaml"), yaml);
  }

  /** The config as it was written, undefined where there is none. */
  readConfig(): string | undefined {
    const path = this.file("config.yaml");
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  writeManifest(manifest: Readonly<Record<string, unknown>>): Promise<void> {
    return writeFileAtomic(this.file("manifest.json"), toJson(manifest));
  }

  async writeSummary(summary: Summary): Promise<void> {
    refuseLostFolder(this.path);
    return writeFileAtomic(this.file("summary.json"), toJson(summary));
  }

  /** Nothing that differs between equal runs belongs here: times go to {@link RunFolder.appendTimings}. */
  async appendMetrics(record: LogRecord): Promise<void> {
    refuseLostFolder(this.path);
    await this.#metrics.append(record);
    if (this.#hasEvents) await this.#events.append(record);
  }

  /** All that differs between equal runs: wall and processor times. */
  async appendTimings(record: LogRecord): Promise<void> {
    refuseLostFolder(this.path);
    await this.#timings.append(record);
    if (this.#hasEvents) await this.#events.append(record);
  }

  readMetrics(): LogRecord[] {
    return this.#metrics.read();
  }

  readTimings(): LogRecord[] {
    return this.#timings.read();
  }

  /** The summary, undefined while the run has none. */
  readSummary(): Summary | undefined {
    const value = this.readJson("summary.json");
    return value === undefined ? undefined : this.#checked("summary.json", "the summary of a run", () => checkSummary(value));
  }

  readManifest(): Readonly<Record<string, unknown>> | undefined {
    const value = this.readJson("manifest.json");
    if (value === undefined) return undefined;
    return this.#checked("manifest.json", "a JSON object", () => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(JSON.stringify(value).slice(0, 60));
      return value as Readonly<Record<string, unknown>>;
    });
  }

  /** @param name - a step, or a file name without extension, such as `final`. */
  async writeTrajectories(name: number | string, records: readonly TrajectoryRecord[]): Promise<string> {
    refuseLostFolder(this.path);
    const path = this.#trajectoryFile(name);
    await writeTrajectoryFile(path, records);
    return path;
  }

  /** Rollouts as records; see {@link RunFolder.writeTrajectories}. `replay` stands over {@link RunFolder.keepForReplay}. */
  writeRollouts(
    name: number | string,
    rollouts: readonly RecordSource[],
    label: RecordLabel,
    { replay = this.#keepsTokens }: { readonly replay?: boolean } = {},
  ): Promise<string> {
    const records = rollouts.map((rollout) => toRecord(rollout, label, { replay }));
    return this.writeTrajectories(name, records);
  }

  /** Paths of all trajectories files, sorted by name. */
  async trajectoryFiles(): Promise<string[]> {
    const names = await listFolder(this.file("trajectories"));
    return names.filter((name) => /^[^.].*\.jsonl(\.gz)?$/.test(name)).map((name) => this.file("trajectories", name));
  }

  readTrajectories(name: number | string): Promise<TrajectoryRecord[]> {
    return readTrajectories(this.#trajectoryFile(name));
  }

  /**
   * Writes a checkpoint beside its place, where it goes once it is complete. Then removes checkpoints and journals that it makes needless.
   *
   * @returns its folder
   */
  async saveCheckpoint(
    { step, state, keep, best, keepsJournal }: KeptCheckpoint,
    write: (folder: string) => Promise<void>,
  ): Promise<string> {
    refuseLostFolder(this.path);
    const folder = this.file("checkpoints", stepName(step));
    const unfinished = this.file("checkpoints", `${WRITING}${stepName(step)}`);
    for (const name of await listFolder(this.file("checkpoints"))) {
      if (name.startsWith(WRITING)) rmSync(this.file("checkpoints", name), { recursive: true, force: true }); // left by a process that was killed
    }
    mkdirSync(unfinished, { recursive: true });
    await write(unfinished);
    refuseLostFolder(this.path);
    await writeFileAtomic(join(unfinished, "state.json"), toJson(state));
    await removeCheckpoint(folder); // a step that is written again stays whole until what takes its place is
    await rename(unfinished, folder);
    await this.writeBest(best);
    for (const name of await this.#journals()) if (!keepsJournal(name)) await this.removeJournal(name);
    await this.pruneCheckpoints(1 + keep, best?.step);
    return folder;
  }

  /** A journal of rollouts, `partial/NAME.jsonl`; see {@link FileJournal.open}. */
  openJournal(name: string, identity: string, notice: JournalNotice): FileJournal {
    return FileJournal.open(this.#journal(name), identity, notice);
  }

  /** Removes one journal, and with the last one their folder. */
  async removeJournal(name: string): Promise<void> {
    await rm(this.#journal(name), { force: true });
    if (existsSync(this.file("partial")) && (await this.#journals()).length === 0)
      await rm(this.file("partial"), { recursive: true, force: true });
  }

  async #journals(): Promise<string[]> {
    return (await listFolder(this.file("partial"))).map((name) => basename(name, ".jsonl"));
  }

  #journal(name: string): string {
    return this.file("partial", `${name}.jsonl`);
  }

  /** Finished checkpoints, oldest first. */
  async checkpoints(): Promise<Checkpoint[]> {
    return (await listSteps(this.file("checkpoints"))).filter(({ path }) => existsSync(join(path, "state.json")));
  }

  async latestCheckpoint(): Promise<Checkpoint | undefined> {
    return (await this.checkpoints()).at(-1);
  }

  /** Records which checkpoint did best, in `best.json`; without one, the file goes. */
  async writeBest(best: { readonly step: number; readonly accuracy: number } | undefined): Promise<void> {
    const path = this.file("best.json");
    if (best === undefined) await rm(path, { force: true });
    else await writeFileAtomic(path, toJson({ ...best, checkpoint: `checkpoints/${stepName(best.step)}` }));
  }

  /**
   * Removes the oldest finished checkpoints until `keep` are left, and the unfinished ones that are older than the newest of these.
   *
   * @param pinned - a step whose checkpoint stays, beside those.
   */
  async pruneCheckpoints(keep: number, pinned?: number): Promise<void> {
    const kept = (await this.checkpoints()).slice(-Math.max(1, keep));
    const stays = new Set([...kept.map(({ step }) => step), pinned]);
    const newest = kept.at(-1)?.step ?? Number.NEGATIVE_INFINITY;
    for (const { step, path } of await listSteps(this.file("checkpoints"))) {
      if (step < newest && !stays.has(step)) await removeCheckpoint(path);
    }
  }

  /**
   * Forgets what came after a step, so that a resumed run writes the same files as one that was never stopped.
   *
   * @param phase - when given, only records of this phase are compared with the step; what follows the first one past it goes as well.
   */
  async truncateAfter(step: number, phase?: string): Promise<void> {
    for (const folder of [this.path, this.file("trajectories"), this.file("reference")]) await removeTemporaryFiles(folder);
    for (const log of [this.#metrics, this.#timings]) {
      log.repair();
      await log.truncateAfter(step, phase);
    }
    this.#events.truncateAfter(step);
    for (const entry of await listSteps(this.file("checkpoints"))) if (entry.step > step) await removeCheckpoint(entry.path);
    for (const entry of await listSteps(this.file("trajectories"))) if (entry.step > step) await rm(entry.path, { force: true });
  }

  #trajectoryFile(name: number | string): string {
    return this.file("trajectories", `${typeof name === "number" ? stepName(name) : name}.jsonl.gz`);
  }

  /** Turns what a check says of a file into a message with its path. */
  #checked<T>(name: string, expected: string, check: () => T): T {
    try {
      return check();
    } catch (cause) {
      const found = (cause as Error).message;
      throw new InputError({ what: "run folder", where: this.file(name), expected, found, fix: "remove the file" }, { cause });
    }
  }

  /**
   * Reads a JSON file of this folder, undefined when it is not there.
   *
   * @throws InputError when it is no JSON.
   */
  readJson(...names: string[]): unknown {
    const path = this.file(...names);
    if (!existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, "utf8"));
    } catch (cause) {
      throw new InputError(
        { what: "run folder", where: path, expected: "JSON", found: (cause as Error).message, fix: "remove the file" },
        { cause },
      );
    }
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

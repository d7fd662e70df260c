import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from "node:fs";
import { groupBy, InputError } from "@retool-ts/core";
import {
  checkTrajectory,
  createRunFolder,
  type FileJournal,
  type JournalNotice,
  RunFolder,
  type TrajectoryRecord,
  writeFileAtomic,
} from "@retool-ts/runs";
import { firstDifference, type EvalIdentity } from "./eval-identity.js";

/** Name of the rollouts in the folder, without extension. */
const ROLLOUTS = "eval";

/**
 * The folder of an evaluation: a run folder that grows by whole problems. Each finished problem is one synced write to
 * `trajectories/eval.jsonl`, and what was sampled of the others is in a journal. At the end the rollouts are written in the
 * order of the problems to `eval.jsonl.gz`, so that an evaluation that was killed leaves what one in a single go leaves.
 */
export class EvalFolder {
  readonly run: RunFolder;
  readonly #partial: string;
  readonly #samples: number;
  readonly #identity: EvalIdentity;

  private constructor(run: RunFolder, identity: EvalIdentity, samples: number) {
    this.run = run;
    this.#identity = identity;
    this.#partial = run.file("trajectories", `${ROLLOUTS}.jsonl`);
    this.#samples = samples;
  }

  /**
   * Opens the folder of an evaluation to go on with, or makes a new one.
   *
   * @throws InputError when it holds something else, or an evaluation that differs in any fact of its identity.
   */
  static async open(path: string, identity: EvalIdentity, samples: number): Promise<EvalFolder> {
    const known = new RunFolder(path);
    const file = known.file("eval.json");
    if (!existsSync(file)) {
      const run = await createRunFolder(path, { hints: { another: "choose another --output" } });
      await writeFileAtomic(file, `${JSON.stringify(identity, null, 2)}\n`);
      return new EvalFolder(run, identity, samples);
    }
    const kept = identityIn(known.readJson("eval.json"), file);
    const key = firstDifference(kept, identity);
    if (key !== undefined) {
      throw new InputError({
        what: "evaluation",
        where: path,
        expected: `the evaluation that is kept there (${key} = ${JSON.stringify(kept[key] ?? null)})`,
        found: `${key} = ${JSON.stringify(identity[key] ?? null)}`,
        fix: "choose another --output, or ask for the same",
      });
    }
    return new EvalFolder(known, identity, samples);
  }

  /** Rollouts of finished problems, by problem. What a crash left of a problem is cut off. */
  async finished(): Promise<Map<string, TrajectoryRecord[]>> {
    const records = existsSync(this.run.file("trajectories", `${ROLLOUTS}.jsonl.gz`))
      ? await this.run.readTrajectories(ROLLOUTS)
      : this.#readPartial();
    return groupBy(records, ({ problemId }) => problemId);
  }

  #readPartial(): TrajectoryRecord[] {
    if (!existsSync(this.#partial)) return [];
    const bytes = readFileSync(this.#partial);
    const lines = bytes
      .subarray(0, bytes.lastIndexOf("\n") + 1)
      .toString("utf8")
      .split("\n")
      .slice(0, -1);
    const whole = lines.slice(0, lines.length - (lines.length % this.#samples));
    const length = whole.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    if (length < bytes.length) truncateSync(this.#partial, length);
    return whole.map((line, index) => parseRecord(line, `${this.#partial}:${index + 1}`));
  }

  /** Tokens sampled of problems that are not finished. The caller closes it. */
  openJournal(notice: JournalNotice): FileJournal {
    const identity = createHash("sha256").update(JSON.stringify(this.#identity)).digest("hex");
    return this.run.openJournal(ROLLOUTS, identity, notice);
  }

  /** Keeps a finished problem. */
  append(group: readonly TrajectoryRecord[]): void {
    mkdirSync(this.run.file("trajectories"), { recursive: true });
    const file = openSync(this.#partial, "a");
    try {
      writeSync(file, group.map((record) => `${JSON.stringify(record)}\n`).join(""));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Folder of an endpoint's replies, which go once the evaluation is finished. */
  get replies(): string {
    return this.run.file("replies");
  }

  /** Writes the figures, and all rollouts in order in place of the ones kept so far. */
  async finish(records: readonly TrajectoryRecord[], figures: Readonly<Record<string, unknown>>): Promise<void> {
    await this.run.writeTrajectories(ROLLOUTS, records);
    await writeFileAtomic(this.run.file("evaluation.json"), `${JSON.stringify(figures, null, 2)}\n`);
    rmSync(this.#partial, { force: true });
    await this.run.removeJournal(ROLLOUTS);
    rmSync(this.replies, { recursive: true, force: true });
  }
}

const REMEDY = "remove the folder, or choose another --output";

function identityIn(value: unknown, where: string): EvalIdentity {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as EvalIdentity;
  throw new InputError({
    what: "evaluation",
    where,
    expected: "the facts of an evaluation by name",
    found: JSON.stringify(value),
    fix: REMEDY,
  });
}

function parseRecord(line: string, where: string): TrajectoryRecord {
  try {
    return checkTrajectory(JSON.parse(line));
  } catch (cause) {
    const found = (cause as Error).message;
    throw new InputError({ what: "evaluation", where, expected: "a rollout as JSON", found, fix: REMEDY }, { cause });
  }
}

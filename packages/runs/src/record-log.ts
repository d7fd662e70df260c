import { existsSync, readFileSync, truncateSync } from "node:fs";
import { open } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { writeFileAtomic } from "./atomic-write.js";

/** One line of `metrics.jsonl` or `timings.jsonl`. `step` and `phase` say where it belongs. */
export type LogRecord = Readonly<Record<string, number | string | null>>;

/** Spelling of numbers that JSON cannot hold. */
const NON_FINITE: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** A file of one JSON object per line that grows during a run and survives a crash in the middle of a line. */
export class RecordLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds one complete line in one write, and syncs it. Key order is kept. */
  async append(record: LogRecord): Promise<void> {
    const file = await open(this.path, "a");
    try {
      await file.write(`${encodeRecord(record)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** All records; a torn last line is left out. Numbers that JSON cannot hold come back as numbers. */
  read(): LogRecord[] {
    return this.#lines().map((line, index) => decodeRecord(line, `${this.path}:${index + 1}`));
  }

  /** Cuts a last line that a crash left incomplete. */
  repair(): void {
    if (!existsSync(this.path)) return;
    const bytes = readFileSync(this.path);
    const end = bytes.lastIndexOf("\n") + 1;
    if (end < bytes.length) truncateSync(this.path, end);
  }

  /** Drops the first record past `step`, and all that follow it. With a phase, records of other phases do not end the file. */
  async truncateAfter(step: number, phase?: string): Promise<void> {
    const lines = this.#lines();
    const end = lines.findIndex((line, index) => {
      const record = decodeRecord(line, `${this.path}:${index + 1}`);
      return typeof record["step"] === "number" && record["step"] > step && (phase === undefined || record["phase"] === phase);
    });
    if (end >= 0)
      await writeFileAtomic(
        this.path,
        lines
          .slice(0, end)
          .map((line) => `${line}\n`)
          .join(""),
      );
  }

  #lines(): string[] {
    return existsSync(this.path) ? readFileSync(this.path, "utf8").split("\n").slice(0, -1) : [];
  }
}

/** One record as JSON, in the order of its keys; equal records give equal text. */
export function encodeRecord(record: LogRecord): string {
  return JSON.stringify(record, (_, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value));
}

/**
 * One record from its line. Numbers that JSON cannot hold come back as numbers.
 *
 * @throws InputError that names `where`.
 */
export function decodeRecord(line: string, where: string): LogRecord {
  try {
    const record = JSON.parse(line) as LogRecord;
    if (typeof record !== "object" || record === null || Array.isArray(record)) throw new TypeError("no object");
    let isPlain = true;
    for (const key in record) {
      const value: unknown = record[key];
      if (typeof value === "number") continue;
      if (typeof value === "object" && value !== null) throw new TypeError("a value that is neither number nor text");
      if (NON_FINITE.has(value)) isPlain = false;
    }
    if (isPlain) return record;
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, NON_FINITE.get(value) ?? value]));
  } catch (cause) {
    const found = JSON.stringify(line.slice(0, 60));
    throw new InputError(
      { what: "run folder", where, expected: "a JSON object of numbers and texts", found, fix: "remove the line" },
      { cause },
    );
  }
}

import { open, stat } from "node:fs/promises";
import { decodeRecord, type LogRecord } from "@retool-ts/runs";

/** Records that are kept; of more, every second one goes. A chart shows 300 points. */
const MOST_RECORDS = 6_000;
/** Fields of a record that are kept, and characters of a text in one. */
const MOST_FIELDS = 300;
const MOST_CHARS = 200;
/** Bytes read at once, and bytes of a line. */
const CHUNK = 2 ** 20;
const LONGEST_LINE = 2 ** 20;

/**
 * A `metrics.jsonl` or `timings.jsonl` that is read as it grows: each look reads what was added. A file that was replaced, as a resumed run
 * does when it forgets steps, is read from its beginning. Memory is bounded, however long the file.
 */
export class GrowingLog {
  readonly path: string;
  #records: LogRecord[] = [];
  #offset = 0;
  #inode: bigint | number = 0;
  #line = 0;
  #problem: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** What has been read, in order; of very long files, a part. */
  get records(): readonly LogRecord[] {
    return this.#records;
  }

  /** The first line that is no record, in words; lines after it are read all the same. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads what was added since the last time; true when something changed. */
  async refresh(): Promise<boolean> {
    const info = await stat(this.path).catch(() => undefined);
    const wasReplaced = this.#offset > 0 && (info === undefined || info.ino !== this.#inode || info.size < this.#offset);
    if (wasReplaced) {
      this.#records = [];
      this.#offset = 0;
      this.#line = 0;
      this.#problem = undefined;
    }
    if (info === undefined || !info.isFile()) return wasReplaced;
    this.#inode = info.ino;
    return info.size > this.#offset ? (await this.#read(info.size)) || wasReplaced : wasReplaced;
  }

  async #read(size: number): Promise<boolean> {
    const before = this.#offset;
    const file = await open(this.path);
    try {
      let rest = Buffer.alloc(0);
      let position = this.#offset;
      while (position < size) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(CHUNK, size - position)), 0, undefined, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        rest = this.#take(Buffer.concat([rest, buffer.subarray(0, bytesRead)]));
      }
    } finally {
      await file.close();
    }
    return this.#offset !== before;
  }

  /** Takes the whole lines of a piece, and gives back the begun one. */
  #take(piece: Buffer): Buffer<ArrayBuffer> {
    let start = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      const line = piece.toString("utf8", start, end);
      this.#offset += end + 1 - start;
      start = end + 1;
      this.#line++;
      if (line.trim() !== "") this.#decode(line);
    }
    const rest = piece.length - start;
    if (rest <= LONGEST_LINE) return Buffer.from(piece.subarray(start));
    this.#problem ??= `${this.path}:${this.#line + 1}: a line of more than ${LONGEST_LINE} bytes, which is left out`;
    this.#offset += rest;
    return Buffer.alloc(0);
  }

  #decode(line: string): void {
    try {
      this.#add(slim(decodeRecord(line, `${this.path}:${this.#line}`)));
    } catch (error) {
      this.#problem ??= (error as Error).message;
    }
  }

  #add(record: LogRecord): void {
    this.#records.push(record);
    if (this.#records.length > MOST_RECORDS) this.#records = thinned(this.#records);
  }
}

/** Every second record of a phase goes, but for those with metrics that the one before lacks, such as evaluations, while these are few. */
function thinned(records: readonly LogRecord[]): LogRecord[] {
  const size = (record: LogRecord | undefined) => Object.keys(record ?? {}).length;
  const isRich = (record: LogRecord, index: number) => size(record) > size(records[index - 1]);
  const few = records.filter(isRich).length < records.length / 4;
  return records.filter((record, index) => index % 2 === 1 || index === records.length - 1 || (few && isRich(record, index)));
}

function slim(record: LogRecord): LogRecord {
  const entries = Object.entries(record).slice(0, MOST_FIELDS);
  return Object.fromEntries(
    entries.map(([name, value]) => [name.slice(0, MOST_CHARS), typeof value === "string" ? value.slice(0, MOST_CHARS) : value]),
  );
}

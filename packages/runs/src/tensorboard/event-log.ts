import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogRecord } from "../record-log.js";
import { maskedCrc32c } from "./crc32c.js";
import { encodeEvent, stepOfEvent } from "./event.js";

/** Bytes around the data of a record: its length, and the checksums of length and data. */
const HEADER = 12;
const FOOTER = 4;

/**
 * Scalars of a run as TensorBoard reads them: `events.out.tfevents.*`, a TFRecord file of events. It grows with the run; a resumed run
 * goes on in the same file.
 */
export class EventLog {
  readonly #folder: string;
  readonly #now: () => number;
  #writing: Promise<void> = Promise.resolve();

  /** @param now - seconds since 1970. */
  constructor(folder: string, now: () => number = () => Date.now() / 1_000) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Adds the numbers of a record at its step, behind those that are being written; records without a step are left out. */
  append(record: LogRecord): Promise<void> {
    const written = this.#writing.then(() => this.#write(record));
    this.#writing = written.catch(() => {}); // its caller hears of it
    return written;
  }

  async #write({ step, ...values }: LogRecord): Promise<void> {
    if (typeof step !== "number") return;
    const scalars = Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
    const seconds = this.#now();
    const isNew = this.#file() === undefined;
    const file = this.#file() ?? join(this.#folder, `events.out.tfevents.${String(Math.floor(seconds)).padStart(10, "0")}.retool`);
    const version = isNew ? [frame(encodeEvent(seconds, { kind: "version", version: "brain.Event:2" }))] : [];
    await appendFile(file, Buffer.concat([...version, frame(encodeEvent(seconds, { kind: "scalars", step, scalars }))]));
  }

  /** Cuts the first event past a step, or the first that a crash has torn, and all that follow. */
  truncateAfter(step: number): void {
    const file = this.#file();
    if (file === undefined) return;
    const bytes = readFileSync(file);
    let end = 0;
    for (let next = frameAt(bytes, 0); next !== undefined && stepOfEvent(next.data) <= step; next = frameAt(bytes, end)) end = next.end;
    if (end < bytes.length) truncateSync(file, end);
  }

  #file(): string | undefined {
    if (!existsSync(this.#folder)) return undefined;
    const name = readdirSync(this.#folder).find((entry) => entry.startsWith("events.out.tfevents."));
    return name === undefined ? undefined : join(this.#folder, name);
  }
}

/** A TFRecord: length and its checksum, data and its checksum, little-endian. */
function frame(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(HEADER + data.length + FOOTER);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, HEADER);
  record.writeUInt32LE(maskedCrc32c(data), HEADER + data.length);
  return record;
}

/** The record at an offset and where it ends; undefined at the end of the bytes or where they are no whole record. */
function frameAt(bytes: Buffer, start: number): { readonly data: Uint8Array; readonly end: number } | undefined {
  if (start + HEADER > bytes.length) return undefined;
  const length = Number(bytes.readBigUInt64LE(start));
  const end = start + HEADER + length + FOOTER;
  if (end > bytes.length || bytes.readUInt32LE(start + 8) !== maskedCrc32c(bytes.subarray(start, start + 8))) return undefined;
  const data = bytes.subarray(start + HEADER, end - FOOTER);
  return bytes.readUInt32LE(end - FOOTER) === maskedCrc32c(data) ? { data, end } : undefined;
}

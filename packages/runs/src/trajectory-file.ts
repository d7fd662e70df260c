import { readFileSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { gunzip, gunzipSync, gzip, type ZlibOptions } from "node:zlib";
import { InputError } from "@retool-ts/core";
import { writeFileAtomic } from "./atomic-write.js";
import { checkTrajectory } from "./check-record.js";
import type { TrajectoryRecord } from "./trajectory-record.js";

/** Byte of a gzip header that names the operating system, and its value for "unknown". */
const GZIP_SYSTEM = 9;
const UNKNOWN_SYSTEM = 255;

/** Packed bytes that are unpacked at once; more are unpacked beside the caller's thread. */
const SMALL_BYTES = 2 ** 16;

/** Writes records as gzipped JSON lines; equal records give equal bytes. */
export async function writeTrajectoryFile(path: string, records: readonly TrajectoryRecord[]): Promise<void> {
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const bytes = await promisify(gzip)(text);
  bytes[GZIP_SYSTEM] = UNKNOWN_SYSTEM;
  await writeFileAtomic(path, bytes);
}

/**
 * Reads a trajectories file, gzipped or plain.
 *
 * @param maxBytes - unpacked bytes beyond which it is refused; no bound by default.
 * @throws InputError when it is not there, not such a file, or too long.
 */
export async function readTrajectories(path: string, { maxBytes }: { readonly maxBytes?: number } = {}): Promise<TrajectoryRecord[]> {
  let line = 0;
  try {
    // One file a step: a turn of the event loop for each part of its reading would cost more than the reading.
    if (maxBytes !== undefined && statSync(path).size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    const text = (await unpacked(readFileSync(path), maxBytes === undefined ? {} : { maxOutputLength: maxBytes })).toString("utf8");
    return text
      .split("\n")
      .filter((row) => row !== "")
      .map((row) => {
        line++;
        return checkTrajectory(JSON.parse(row));
      });
  } catch (cause) {
    const where = line === 0 ? path : `${path}:${line}`;
    const found = cause instanceof Error ? cause.message.split("\n")[0]! : String(cause);
    throw new InputError(
      {
        what: "trajectories",
        where,
        expected: "a file of rollouts, one JSON object per line",
        found,
        fix: "name a run folder or one of its trajectories/*.jsonl.gz",
      },
      { cause },
    );
  }
}

async function unpacked(bytes: Buffer, options: ZlibOptions): Promise<Buffer> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return bytes;
  return bytes.length <= SMALL_BYTES ? gunzipSync(bytes, options) : promisify<Buffer, ZlibOptions, Buffer>(gunzip)(bytes, options);
}

import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A file that is made once and kept: its name is `key`, and the hash of what it holds. */
export interface KeptFile {
  /** Folder for files of its kind. */
  readonly folder: string;
  /** Hash of all that decides what the file holds, in hexadecimal digits. */
  readonly key: string;
  /** Files that are kept; the longest unused beyond that are removed. */
  readonly count: number;
  /** Writes the file. */
  readonly make: (draft: string) => Promise<void>;
}

/** Gives the path of a kept file, and makes it where none is there, or one that was cut or changed. */
export async function keptFile({ folder, key, count, make }: KeptFile): Promise<string> {
  for (const name of namesIn(folder).filter((other) => other.startsWith(`${key}-`) && other.endsWith(".bin"))) {
    const file = join(folder, name);
    if (name === nameOf(key, await hashOf(file).catch(() => ""))) {
      touch(file);
      return file;
    }
    rmSync(file, { force: true });
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = await made(folder, key, make);
    removeOld(folder, count);
    return file;
  } catch (error) {
    if ((error as { readonly syscall?: unknown }).syscall === undefined) throw error;
    const own = mkdtempSync(join(tmpdir(), "retool-python-")); // the data folder cannot be written
    process.once("exit", () => rmSync(own, { recursive: true, force: true }));
    return made(own, key, make);
  }
}

async function made(folder: string, key: string, make: KeptFile["make"]): Promise<string> {
  const draft = join(folder, `${key}.${process.pid}.tmp`);
  try {
    await make(draft);
    const file = join(folder, nameOf(key, await hashOf(draft)));
    renameSync(draft, file);
    return file;
  } finally {
    rmSync(draft, { force: true });
  }
}

function nameOf(key: string, hash: string): string {
  return `${key}-${hash.slice(0, 32)}.bin`;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest("hex");
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // It is another user's, or on a medium that cannot be written.
  }
}

function removeOld(folder: string, count: number): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".bin"))
    .map((name) => join(folder, name));
  const byAge = files.map((file) => ({ file, ms: statSync(file).mtimeMs })).sort((a, b) => b.ms - a.ms);
  for (const { file } of byAge.slice(count)) rmSync(file, { force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

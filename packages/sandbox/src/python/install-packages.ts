import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { InputError, RetoolError } from "@retool-ts/core";
import { pythonFolder } from "./data-folder.js";
import { pyodideDistribution } from "./pyodide-backend.js";
import { lockedPackages, type LockedPackage } from "./pyodide-lock.js";
import { noteHash, replaceWheel, sha256Of } from "./stored-wheels.js";

/** Times that a broken download is begun again. */
const TRIES = 3;

/** Progress of {@link installPackages}. */
export interface InstallProgress {
  readonly name: string;
  readonly loaded: number;
  /** Bytes in all, where the source tells. */
  readonly total: number | undefined;
}

/** Options of {@link installPackages}. */
export interface InstallOptions {
  /** Address or folder that has the distribution's files. Default: the public address of the installed Pyodide's version. */
  readonly from?: string;
  /** Data folder; see `pythonFolder`. */
  readonly folder?: string;
  /** File that names packages and hashes. Default: `pyodide-lock.json` of the installed Pyodide. */
  readonly lockFile?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: InstallProgress) => void;
}

/** A package that {@link installPackages} has seen to. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** False when it was there already. */
  readonly isNew: boolean;
}

/**
 * Puts packages of Pyodide's distribution, with all that they need, into the data folder, where Python's sandboxes find them without a
 * network. Each file gets its name only when it has the hash of the lock.
 *
 * @throws InputError when a package is unknown, or its file is not what the lock says; RetoolError when it cannot be fetched or kept.
 */
export async function installPackages(names: readonly string[], options: InstallOptions = {}): Promise<InstalledPackage[]> {
  const { lockFile, address } = pyodideDistribution();
  const packages = lockedPackages(names, options.lockFile ?? lockFile);
  const wheels = join(pythonFolder(options.folder), "wheels");
  await keeping(wheels, () => mkdirSync(wheels, { recursive: true, mode: 0o700 }));
  const installed: InstalledPackage[] = [];
  for (const one of packages) {
    const isNew = !isThere(join(wheels, one.file), one.sha256);
    if (isNew) await install(one, wheels, options.from ?? address, options);
    installed.push({ name: one.name, version: one.version, isNew });
  }
  return installed;
}

async function install(one: LockedPackage, wheels: string, from: string, options: InstallOptions): Promise<void> {
  const draft = join(wheels, `.${one.file}.${process.pid}.tmp`);
  try {
    const hash = await fetched(one, draft, from, options);
    if (hash !== one.sha256) {
      throw new InputError({
        what: "python package",
        where: placeOf(one.file, from),
        expected: `a file with the sha256 ${one.sha256} (${one.name} ${one.version})`,
        found: `one with ${hash}`,
        fix: "take the files of the very Pyodide that is installed; nothing was kept",
      });
    }
    await keeping(wheels, () => {
      replaceWheel(draft, wheels, one.file);
      noteHash(wheels, one.file, hash);
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Writes a package's file to `draft` and gives its hash; begins again when the connection breaks. */
async function fetched(one: LockedPackage, draft: string, from: string, options: InstallOptions): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await written(one, draft, await opened(one.file, from, options.signal), options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      if (tries === TRIES) throw unreachable(one, from, `the connection broke ${TRIES} times (${error.message})`);
    }
  }

  async function opened(file: string, source: string, signal: AbortSignal | undefined): Promise<Source> {
    if (!isAddress(source)) {
      const path = placeOf(file, source);
      try {
        return { total: statSync(path).size, bytes: bytesOf(path) };
      } catch (error) {
        throw unreachable(one, source, reasonOf(error));
      }
    }
    let response: Response;
    try {
      response = await fetch(placeOf(file, source), signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(one, source, reasonOf((error as Error).cause ?? error));
    }
    if (!response.ok || response.body === null) throw unreachable(one, source, `status ${response.status}`);
    const length = Number(response.headers.get("content-length") ?? NaN);
    return { total: Number.isNaN(length) ? undefined : length, bytes: response.body };
  }
}

/** The connection ended before the file did. */
class Broken extends Error {}

interface Source {
  readonly total: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

async function written({ name }: LockedPackage, draft: string, { total, bytes }: Source, { onProgress }: InstallOptions): Promise<string> {
  const hash = createHash("sha256");
  let loaded = 0;
  const handle = await keeping(draft, () => open(draft, "w", 0o600));
  try {
    onProgress?.({ name, loaded, total });
    for await (const chunk of unbroken(bytes)) {
      hash.update(chunk);
      await keeping(draft, () => handle.writeFile(chunk));
      loaded += chunk.length;
      onProgress?.({ name, loaded, total });
    }
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
}

async function* unbroken(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw new Broken(reasonOf(error), { cause: error });
  }
}

/** Says of a failure to keep a file what it is for the user. */
async function keeping<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = reasonOf(error);
    const why = code === "ENOSPC" || code === "EDQUOT" ? "there is no room left on the disk" : `it cannot be written (${code})`;
    throw new RetoolError("PYTHON_PACKAGES", `${path}: ${why}. Make room, or name another folder; nothing was kept`, {
      cause: error,
    });
  }
}

function unreachable({ name, version, file }: LockedPackage, from: string, why: string): RetoolError {
  const fix = `have ${file} in a folder or at a mirror, and name that`;
  return new RetoolError("PYTHON_PACKAGES", `${name} ${version}: ${placeOf(file, from)} cannot be read: ${why}. To mend it: ${fix}`);
}

function isAddress(from: string): boolean {
  return /^https?:\/\//i.test(from);
}

function placeOf(file: string, from: string): string {
  return isAddress(from) ? `${from.replace(/\/*$/, "/")}${encodeURIComponent(file)}` : join(from, file);
}

function isThere(file: string, sha256: string): boolean {
  try {
    return sha256Of(file) === sha256;
  } catch {
    return false;
  }
}

/** The system's code of an error, or what it says. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code === "ENOENT") return "no such file";
  return typeof code === "string" ? code : String(message);
}

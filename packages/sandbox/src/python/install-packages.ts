import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { InputError, RetoolError } from "@retool-ts/core";
import { pythonFolder } from "./data-folder.js";
import { distributionPlace, type DistributionPlace, type FileSource } from "./distribution-place.js";
import { pyodideDistribution } from "./pyodide-backend.js";
import { lockAt, lockedPackages, readLock, type LockedPackage, type PyodideLock } from "./pyodide-lock.js";
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
  /**
   * Address, folder or archive that has the distribution's files. A folder or an archive with a `pyodide-lock.json` of its own may be of
   * another version of Pyodide, as long as its Python and its platform are those of the installed one. Default: the public address of the
   * installed version.
   */
  readonly from?: string;
  /** Data folder; see `pythonFolder`. */
  readonly folder?: string;
  /** File that names packages and hashes. Default: the `pyodide-lock.json` of the place, where it has one, else of the installed Pyodide. */
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
  const place = distributionPlace(options.from ?? address);
  const packages = lockedPackages(names, options.lockFile === undefined ? lockOf(place, lockFile) : lockAt(options.lockFile));
  const wheels = join(pythonFolder(options.folder), "wheels");
  await keeping(wheels, () => mkdirSync(wheels, { recursive: true, mode: 0o700 }));
  const installed: InstalledPackage[] = [];
  for (const one of packages) {
    const isNew = !isThere(join(wheels, one.file), one.sha256);
    if (isNew) await install(one, wheels, place, options);
    installed.push({ name: one.name, version: one.version, isNew });
  }
  return installed;
}

/** The lock that a place has, if its packages suit the installed Pyodide, else that of the installed one. */
function lockOf({ lock }: DistributionPlace, installedFile: string): PyodideLock {
  const installed = lockAt(installedFile);
  if (lock === undefined) return installed;
  const own = readLock(lock.text, lock.where);
  if (own.platform !== installed.platform) {
    throw new InputError({
      what: "python package",
      where: lock.where,
      expected: `packages for ${String(installed.platform)}, as the installed Pyodide has it`,
      found: own.platform ?? "a lock that does not tell",
      fix: "name a distribution of that platform",
    });
  }
  return own;
}

async function install(one: LockedPackage, wheels: string, place: DistributionPlace, options: InstallOptions): Promise<void> {
  const draft = join(wheels, `.${one.file}.${process.pid}.tmp`);
  try {
    const hash = await fetched(one, draft, place, options);
    if (hash !== one.sha256) {
      throw new InputError({
        what: "python package",
        where: place.nameOf(one.file),
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
async function fetched(one: LockedPackage, draft: string, place: DistributionPlace, options: InstallOptions): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await written(one, draft, await opened(), options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      if (tries === TRIES) throw unreachable(one, place, `the connection broke ${TRIES} times (${error.message})`);
    }
  }

  async function opened(): Promise<FileSource> {
    try {
      return await place.open(one.file, options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw unreachable(one, place, reasonOf(error));
    }
  }
}

/** The connection ended before the file did. */
class Broken extends Error {}

async function written(
  { name }: LockedPackage,
  draft: string,
  { total, bytes }: FileSource,
  { onProgress }: InstallOptions,
): Promise<string> {
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

function unreachable({ name, version, file }: LockedPackage, place: DistributionPlace, why: string): RetoolError {
  const fix = `have ${file} in a folder or at a mirror, and name that`;
  return new RetoolError("PYTHON_PACKAGES", `${name} ${version}: ${place.nameOf(file)} cannot be read: ${why}. To mend it: ${fix}`);
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

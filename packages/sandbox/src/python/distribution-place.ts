import { createReadStream, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";
import { join as joinPath } from "node:path";
import { InputError } from "@retool-ts/core";
import { readZip, ZipProblem } from "./zip.js";

/** The file in which a distribution lists its packages. */
const LOCK = "pyodide-lock.json";

/** What a file holds, as it comes. */
export interface FileSource {
  readonly total: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A place that has the files of a distribution: an address, a folder, or an archive. */
export interface DistributionPlace {
  /** Its own lock, where it has one that can be read without fetching. */
  readonly lock: { readonly text: string; readonly where: string } | undefined;
  /** A file's place, for messages. */
  nameOf(file: string): string;
  /** Opens a file; throws a plain error that says why it cannot be read. */
  open(file: string, signal?: AbortSignal): Promise<FileSource>;
}

/**
 * Looks at a place.
 *
 * @throws InputError when it is a file and no archive with a distribution in it.
 */
export function distributionPlace(from: string): DistributionPlace {
  if (/^https?:\/\//i.test(from)) return address(from);
  return statSync(from, { throwIfNoEntry: false })?.isFile() === true ? archive(from) : folder(from);
}

function address(from: string): DistributionPlace {
  const nameOf = (file: string): string => `${from.replace(/\/*$/, "/")}${encodeURIComponent(file)}`;
  const open = async (file: string, signal?: AbortSignal): Promise<FileSource> => {
    let response: Response;
    try {
      response = await fetch(nameOf(file), signal === undefined ? {} : { signal });
    } catch (error) {
      throw (error as Error).cause ?? error;
    }
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    const length = Number(response.headers.get("content-length") ?? NaN);
    return { total: Number.isNaN(length) ? undefined : length, bytes: response.body };
  };
  return { lock: undefined, nameOf, open };
}

function folder(from: string): DistributionPlace {
  const nameOf = (file: string): string => joinPath(from, file);
  const where = nameOf(LOCK);
  const hasLock = statSync(where, { throwIfNoEntry: false })?.isFile() === true;
  return {
    lock: hasLock ? { text: readFileSync(where, "utf8"), where } : undefined,
    nameOf,
    open: (file) => {
      const path = nameOf(file);
      return new Promise((resolve) => resolve({ total: statSync(path).size, bytes: createReadStream(path) as AsyncIterable<Uint8Array> }));
    },
  };
}

/** A zip archive, such as the wheel of a program that brings Pyodide along; the distribution may lie in one of its folders. */
function archive(from: string): DistributionPlace {
  const bytes = readFileSync(from);
  const [path, lock] = [...filesOf(from, bytes, (name) => basename(name) === LOCK)][0] ?? [];
  if (path === undefined || lock === undefined) throw noDistribution(from, `an archive without ${LOCK}`);
  const inFolder = (file: string): string => join(dirname(path), file);
  const nameOf = (file: string): string => joinPath(from, inFolder(file));
  return {
    lock: { text: lock.toString("utf8"), where: nameOf(LOCK) },
    nameOf,
    open: (file) =>
      new Promise((resolve) => {
        const content = filesOf(from, bytes, (name) => name === inFolder(file)).get(inFolder(file));
        if (content === undefined) throw new Error("the archive does not hold it");
        resolve({ total: content.length, bytes: whole(content) });
      }),
  };
}

function filesOf(from: string, bytes: Uint8Array, wanted: (path: string) => boolean): ReadonlyMap<string, Buffer> {
  try {
    return readZip(bytes, wanted);
  } catch (error) {
    if (error instanceof ZipProblem) throw noDistribution(from, error.message);
    throw error;
  }
}

function noDistribution(from: string, found: string): InputError {
  return new InputError({
    what: "python package",
    where: from,
    expected: "an address, a folder, or an archive with the files of Pyodide's distribution",
    found,
    fix: "name another place",
  });
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

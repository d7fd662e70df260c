import { readFileSync } from "node:fs";
import { InputError, nearestName } from "@retool-ts/core";

/** A package of Pyodide's distribution, as its lock file has it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Name of its file in the distribution. */
  readonly file: string;
  readonly sha256: string;
}

interface Entry {
  readonly name: string;
  readonly version: string;
  readonly file_name: string;
  readonly sha256: string;
  readonly depends: readonly string[];
  readonly package_type?: unknown;
}

/** What a `pyodide-lock.json` says. */
export interface PyodideLock {
  /** Packages by the names that people may write, in one spelling. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Python's version and the platform that native code is built for, such as `Python 3.13, 2025_0`; undefined where it does not tell. */
  readonly platform: string | undefined;
}

/** Reads the text of a `pyodide-lock.json`. */
export function readLock(text: string, where: string): PyodideLock {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch (error) {
    throw damaged(where, error instanceof Error ? error.message : String(error));
  }
  const { packages, info } = (lock ?? {}) as { readonly packages?: unknown; readonly info?: unknown };
  if (typeof packages !== "object" || packages === null) throw damaged(where, "none");
  const entries = Object.values(packages as Record<string, Partial<Entry>>).map((entry): [string, Entry] => {
    const { name, version, file_name, sha256, depends = [], package_type } = entry ?? {};
    if (typeof name !== "string" || typeof version !== "string" || typeof file_name !== "string" || !Array.isArray(depends)) {
      throw damaged(where, `an entry without name, version, file_name and depends: ${JSON.stringify(entry).slice(0, 100)}`);
    }
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256) || !/^[\w.+!-]+$/.test(file_name)) {
      throw damaged(where, `${name} with the file ${JSON.stringify(file_name)} and the sha256 ${JSON.stringify(sha256)}`);
    }
    return [plain(name), { name, version, file_name, sha256, depends, package_type }];
  });
  return { entries: new Map(entries), platform: platformOf(info) };
}

/** Reads a `pyodide-lock.json`. */
export function lockAt(file: string): PyodideLock {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw damaged(file, error instanceof Error ? error.message : String(error));
  }
  return readLock(text, file);
}

function platformOf(info: unknown): string | undefined {
  const { python, abi_version } = (info ?? {}) as { readonly python?: unknown; readonly abi_version?: unknown };
  const [minor] = /^\d+\.\d+/.exec(String(python)) ?? [];
  return minor === undefined || typeof abi_version !== "string" ? undefined : `Python ${minor}, ${abi_version}`;
}

/**
 * The packages of the given names and all that they need, each once, what is needed first.
 *
 * @throws InputError when the lock lacks one, with the nearest name, or one is neither a wheel nor a shared library.
 */
export function lockedPackages(names: readonly string[], { entries }: PyodideLock): LockedPackage[] {
  const found = new Map<string, LockedPackage>();
  const open = new Set<string>();
  const visit = (name: string, neededBy: string | undefined): void => {
    const key = plain(name);
    if (found.has(key) || open.has(key)) return;
    open.add(key);
    const entry = entries.get(key);
    if (entry === undefined) throw unknown(name, neededBy, [...entries.values()]);
    if (!entry.file_name.endsWith(".whl") && !isLibrary(entry)) {
      throw new InputError({
        what: "python package",
        where: neededBy === undefined ? name : `${neededBy}, which needs ${name}`,
        expected: "packages that come as wheels, or shared libraries",
        found: entry.file_name,
        fix: "use the bwrap backend with an interpreter that has it (sandbox.pythonInterpreter)",
      });
    }
    for (const needed of entry.depends) visit(needed, neededBy ?? name);
    found.set(key, { name: entry.name, version: entry.version, file: entry.file_name, sha256: entry.sha256 });
  };
  for (const name of names) visit(name, undefined);
  return [...found.values()];
}

/** Code that native wheels share, as an archive. */
function isLibrary({ file_name, package_type }: Entry): boolean {
  return package_type === "shared_library" && file_name.endsWith(".zip");
}

function unknown(name: string, neededBy: string | undefined, entries: readonly Entry[]): InputError {
  const known = entries.filter(({ file_name }) => file_name.endsWith(".whl")).map((entry) => entry.name);
  const nearest = nearestName(name, known);
  return new InputError({
    what: "python package",
    where: neededBy === undefined ? name : `${neededBy}, which needs ${name}`,
    expected: `one of the ${known.length} packages of this Pyodide`,
    found: "no such package",
    fix: nearest === undefined ? "download a pure-Python wheel of it and add that" : `write ${nearest}`,
  });
}

/** One spelling of a package's name; PEP 503. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

function damaged(file: string, found: string): InputError {
  return new InputError({
    what: "pyodide lock",
    where: file,
    expected: "packages with name, file and sha256",
    found,
    fix: "install pyodide again",
  });
}

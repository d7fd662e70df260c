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
}

/** Reads a `pyodide-lock.json`: packages by the names that people may write, in one spelling. */
export function readLock(file: string): ReadonlyMap<string, Entry> {
  let lock: unknown;
  try {
    lock = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw damaged(file, error instanceof Error ? error.message : String(error));
  }
  const packages = (lock as { readonly packages?: unknown } | null)?.packages;
  if (typeof packages !== "object" || packages === null) throw damaged(file, "none");
  const entries = Object.values(packages as Record<string, Partial<Entry>>).map((entry): [string, Entry] => {
    const { name, version, file_name, sha256, depends = [] } = entry ?? {};
    if (typeof name !== "string" || typeof version !== "string" || typeof file_name !== "string" || !Array.isArray(depends)) {
      throw damaged(file, `an entry without name, version, file_name and depends: ${JSON.stringify(entry).slice(0, 100)}`);
    }
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256) || !/^[\w.+!-]+$/.test(file_name)) {
      throw damaged(file, `${name} with the file ${JSON.stringify(file_name)} and the sha256 ${JSON.stringify(sha256)}`);
    }
    return [plain(name), { name, version, file_name, sha256, depends }];
  });
  return new Map(entries);
}

/**
 * The packages of the given names and all that they need, each once, what is needed first.
 *
 * @throws InputError when the lock lacks one, with the nearest name, or one is no wheel.
 */
export function lockedPackages(names: readonly string[], lockFile: string): LockedPackage[] {
  const lock = readLock(lockFile);
  const found = new Map<string, LockedPackage>();
  const open = new Set<string>();
  const visit = (name: string, neededBy: string | undefined): void => {
    const key = plain(name);
    if (found.has(key) || open.has(key)) return;
    open.add(key);
    const entry = lock.get(key);
    if (entry === undefined) throw unknown(name, neededBy, [...lock.values()]);
    if (!entry.file_name.endsWith(".whl")) {
      throw new InputError({
        what: "python package",
        where: neededBy === undefined ? name : `${neededBy}, which needs ${name}`,
        expected: "packages that come as wheels",
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

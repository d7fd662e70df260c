import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pythonFolder } from "./data-folder.js";
import { checkWheel, wheelProblem, type WheelInfo } from "./wheel.js";

/** Hashes of the wheels whose bytes were compared with a lock. */
const HASHES = "installed.json";

/** Folder of what was compiled of wheels, beside theirs. */
export const COMPILED = "compiled";

/** Copies checked wheels, and those in folders, into the data folder, in place of other versions of theirs. */
export function addWheels(paths: readonly string[], folder?: string): WheelInfo[] {
  const infos = paths.flatMap(wheelsAt).map(checkWheel);
  const target = join(pythonFolder(folder), "wheels");
  mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const { file } of infos) {
    const draft = join(target, `.${basename(file)}.${process.pid}.tmp`);
    copyFileSync(file, draft);
    replaceWheel(draft, target, basename(file));
  }
  return infos;
}

function wheelsAt(path: string): string[] {
  const expected = "a wheel, or a folder of wheels";
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw wheelProblem(path, expected, "nothing", "mend the path");
  }
  if (!isFolder) return [path];
  const wheels = readdirSync(path)
    .filter((name) => name.endsWith(".whl"))
    .sort();
  if (wheels.length === 0) throw wheelProblem(path, expected, "a folder without wheels", "mend the path");
  return wheels.map((name) => join(path, name));
}

/** Wheels of a data folder, by name. */
export function storedWheels(folder: string): string[] {
  const wheels = join(folder, "wheels");
  try {
    if (!statSync(wheels).isDirectory()) return [];
  } catch {
    return [];
  }
  return readdirSync(wheels)
    .filter((name) => name.endsWith(".whl"))
    .sort()
    .map((name) => join(wheels, name));
}

/** Shared libraries of a data folder that have the hash that was written down when they came; wheels need them. */
export function checkedLibraries(folder: string): string[] {
  const wheels = join(folder, "wheels");
  const hashes = installedHashes(wheels);
  const files = existsSync(wheels)
    ? readdirSync(wheels)
        .filter((name) => name.endsWith(".zip"))
        .sort()
    : [];
  return files.map((name) => {
    const file = join(wheels, name);
    if (sha256Of(file) !== hashes.get(name)) throw wheelProblem(file, "the library that was installed", "another file", "install it again");
    return file;
  });
}

/** The hashes that were written down in a folder of wheels, by file name. */
function installedHashes(wheels: string): ReadonlyMap<string, string> {
  try {
    const read = JSON.parse(readFileSync(join(wheels, HASHES), "utf8")) as Readonly<Record<string, unknown>>;
    return new Map(Object.entries(read).flatMap(([name, hash]): [string, string][] => (typeof hash === "string" ? [[name, hash]] : [])));
  } catch {
    return new Map(); // the wheels' own records are read instead
  }
}

/** Writes down a wheel's hash. */
export function noteHash(wheels: string, name: string, hash: string): void {
  const present = new Set(readdirSync(wheels));
  const hashes = Object.fromEntries([...installedHashes(wheels), [name, hash] as const].filter(([file]) => present.has(file)));
  const draft = join(wheels, `.${HASHES}.${process.pid}.tmp`);
  writeFileSync(draft, `${JSON.stringify(hashes, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, join(wheels, HASHES));
}

/** Gives a checked draft its name in a folder of wheels, in place of other versions and of what was compiled of them. */
export function replaceWheel(draft: string, wheels: string, file: string): void {
  const name = file.slice(0, file.indexOf("-") + 1).toLowerCase();
  for (const other of readdirSync(wheels)) {
    if (other.toLowerCase().startsWith(name) && other !== file) rmSync(join(wheels, other));
  }
  const compiled = join(dirname(wheels), COMPILED);
  for (const other of existsSync(compiled) ? readdirSync(compiled) : []) {
    if (other.toLowerCase().startsWith(name)) rmSync(join(compiled, other), { recursive: true, force: true });
  }
  renameSync(draft, join(wheels, file));
}

/** The SHA-256 of a file, in hexadecimal digits. */
export function sha256Of(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Checks a data folder's wheels before they are used: by the hash that was written down, else file by file; gives their paths. */
export function checkedWheels(folder: string): string[] {
  const files = storedWheels(folder);
  const hashes = installedHashes(join(folder, "wheels"));
  for (const file of files) {
    const hash = hashes.get(basename(file));
    if (hash === undefined || sha256Of(file) !== hash) checkWheel(file);
  }
  return files;
}

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { COMPILED, sha256Of } from "./stored-wheels.js";
import { readZip } from "./zip.js";

/** Compiles the modules below a folder in place; false when it could not. */
export type Compile = (folder: string, wheel: string) => Promise<boolean>;

/** What {@link compiledWheels} needs beside the wheels. */
export interface CompileSetup {
  /** Data folder. */
  readonly folder: string;
  /** Names the interpreter, whose compiled code no other version reads. */
  readonly python: string;
  readonly compile: Compile;
}

/**
 * Places to import wheels from: a folder in which one is unpacked and its modules are compiled, made at its first use, so that no process
 * compiles a package again that it imports. A wheel for which none can be made is imported as it is, which is slow.
 */
export async function compiledWheels(wheels: readonly string[], { folder, python, compile }: CompileSetup): Promise<string[]> {
  const places: string[] = [];
  for (const wheel of wheels) {
    const place = join(folder, COMPILED, `${basename(wheel, ".whl")}-${sha256Of(wheel).slice(0, 24)}-${python}`);
    places.push((await isMade(place, wheel, compile)) ? place : wheel);
  }
  return places;
}

async function isMade(place: string, wheel: string, compile: Compile): Promise<boolean> {
  if (namesIn(place).length > 0) return true;
  const draft = `${place}.${process.pid}.tmp`;
  try {
    mkdirSync(draft, { recursive: true, mode: 0o700 });
  } catch {
    return false; // the data folder cannot be written
  }
  try {
    for (const [path, bytes] of readZip(readFileSync(wheel))) {
      if (path.endsWith("/")) continue;
      const file = join(draft, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, bytes, { mode: 0o600 });
    }
    if (!(await compile(draft, wheel))) return false;
    renameSync(draft, place);
    return true;
  } catch {
    return namesIn(place).length > 0; // another process has made it, or there is no room for it
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

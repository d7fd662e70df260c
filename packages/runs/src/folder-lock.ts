import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";

/** Name of the lock in a folder. */
const LOCK = ".lock";

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts it: process ids are used again. Null where the system does not tell. */
  readonly began: string | null;
}

const heldHere = new Set<string>();

/**
 * Does work in a folder that no other process works in at the same time. A lock that a killed process left behind is taken over.
 *
 * @throws InputError when the folder is in use.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK);
  take(folder, path);
  heldHere.add(path);
  try {
    return await work();
  } finally {
    heldHere.delete(path);
    rmSync(path, { force: true });
  }
}

function take(folder: string, path: string): void {
  const own: Holder = { pid: process.pid, host: hostname(), began: beganOf(process.pid) };
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(own), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = readHolder(path);
    if (holder !== undefined && isAtWork(holder, path)) throw inUse(folder, path, holder);
    rmSync(path, { force: true });
  }
}

/** Undefined for a lock that is gone, or that its process was killed while writing. */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isAtWork({ pid, host, began }: Holder, path: string): boolean {
  if (host !== hostname()) return true; // nobody here can tell
  if (pid === process.pid) return heldHere.has(path);
  return isAlive(pid) && (began === null || beganOf(pid) === began);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field `starttime` of Linux' /proc/PID/stat; the name before it, in parentheses, may hold anything. */
function beganOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function inUse(folder: string, path: string, { pid, host }: Holder): InputError {
  const at = host === hostname() ? "" : ` on ${host}`;
  return new InputError({
    what: "run folder",
    where: folder,
    expected: "one that no other process works in",
    found: `process ${pid}${at} at work`,
    fix: `wait for it, or stop it; when there is no such process, remove ${path}`,
  });
}

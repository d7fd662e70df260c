import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { InputError } from "@retool-ts/core";
import { TEMPORARY } from "./atomic-write.js";

/** Beginning of a lock's name. The rest says who holds it, so that no lock is ever seen half-written. */
const LOCK = ".lock";
/** Tries of processes that begin at the same time and each see the other. */
const TRIES = 4;

/** The process that a lock belongs to. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The time at which the process began, as the system counts it: process ids are used again. Empty where the system does not tell. */
  readonly began: string;
}

const heldHere = new Set<string>();

/**
 * Does work in a folder that no other process works in at the same time. A lock that a killed process left behind is taken over.
 *
 * Each process has a lock of its own name: it makes that first and looks for others then, so that of two at least one sees the other.
 * Nobody takes away a lock that a living process may hold.
 *
 * @throws InputError when the folder is in use.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = await take(folder);
  removeTemporaries(folder);
  try {
    return await work();
  } finally {
    release(path);
  }
}

/** True while a process works in a folder, as far as this machine can tell. */
export function isFolderInUse(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => {
      const holder = holderOf(name);
      return holder !== undefined && isAtWork(holder, join(folder, name));
    });
  } catch {
    return false;
  }
}

/**
 * Refuses to go on where this process works in a folder that somebody has removed meanwhile, perhaps to begin another run in its place.
 *
 * @throws InputError when the lock that this process holds is gone.
 */
export function refuseLostFolder(folder: string): void {
  const locks = [...heldHere].filter((path) => dirname(path) === folder);
  if (locks.length === 0 || locks.some((path) => existsSync(path))) return;
  throw new InputError({
    what: "run folder",
    where: folder,
    expected: "the lock that this process put there",
    found: "none: the folder was removed or emptied while this process worked in it",
    fix: "let a process end before you remove its folder; nothing more was written there",
  });
}

async function take(folder: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const name = nameOf({ pid: process.pid, host: hostname(), began: beganOf(process.pid) });
    const path = join(folder, name);
    heldHere.add(path);
    writeFileSync(path, "", { flag: "wx" });
    const others = readdirSync(folder).filter((other) => other !== name && holderOf(other) !== undefined);
    const atWork = others.find((other) => isAtWork(holderOf(other)!, join(folder, other)));
    if (atWork === undefined) {
      for (const other of others) rmSync(join(folder, other), { force: true });
      return path;
    }
    release(path);
    if (attempt === TRIES) throw inUse(folder, atWork);
    await wait(attempt * (5 + (process.pid % 17)));
  }
}

/** Files that processes were writing when they were killed; see {@link writeFileAtomic}. */
function removeTemporaries(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const pid = TEMPORARY.exec(basename(name))?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

function release(path: string): void {
  heldHere.delete(path);
  rmSync(path, { force: true });
}

function nameOf({ pid, host, began }: Holder): string {
  return [LOCK, pid, began, randomUUID(), encodeURIComponent(host)].join("~");
}

/** Undefined for a file that is no lock. */
function holderOf(name: string): Holder | undefined {
  const [lock, pid, began, , host] = name.split("~");
  if (lock !== LOCK || host === undefined) return undefined;
  return { pid: Number(pid), began: began!, host: decodeURIComponent(host) };
}

function isAtWork({ pid, host, began }: Holder, path: string): boolean {
  if (host !== hostname()) return true; // nobody here can tell
  if (pid === process.pid && began === beganOf(pid)) return heldHere.has(path);
  return isAlive(pid) && (began === "" || beganOf(pid) === began);
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
function beganOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function inUse(folder: string, name: string): InputError {
  const { pid, host } = holderOf(name)!;
  const at = host === hostname() ? "" : ` on ${host}`;
  return new InputError({
    what: "run folder",
    where: folder,
    expected: "one that no other process works in",
    found: `process ${pid}${at} at work`,
    fix: `wait for it, or stop it; when there is no such process, remove ${join(folder, name)}`,
  });
}

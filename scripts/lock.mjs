import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 2_000;
const STALE_MS = 20_000;

/**
 * Runs `work` while no other process holds `file`. The holder touches the file every two seconds; a lock whose process is gone, or that
 * was not touched for twenty seconds, is taken over.
 */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!tryCreate(file)) {
    if (isStale(file) && takeDown(file)) continue;
    if (!told) process.stderr.write("retool-ts: waiting for another command that is preparing this checkout …\n");
    told = true;
    await sleep(200);
  }
  const release = () => rmSync(file, { force: true });
  const stopped = (signal) => {
    release();
    process.removeListener(signal, stopped);
    process.kill(process.pid, signal);
  };
  const heartbeat = setInterval(() => touch(file), HEARTBEAT_MS);
  process.once("exit", release);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stopped);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener("exit", release);
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeListener(signal, stopped);
    release();
  }
}

function tryCreate(file) {
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // A clean-up of the checkout may have removed it.
  }
}

function isStale(file) {
  try {
    const age = Date.now() - statSync(file).mtimeMs;
    if (age > STALE_MS) return true;
    const text = readFileSync(file, "utf8");
    if (text === "") return false; // being written
    const { pid, host } = JSON.parse(text);
    return host === hostname() && !isAlive(pid);
  } catch {
    return false; // gone, or half written: look again
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Removes a stale lock. A second file lets only one waiter do it, and it looks again: the lock may be a new one by now. */
function takeDown(file) {
  const guard = `${file}.takeover`;
  if (!tryCreate(guard)) {
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_MS) rmSync(guard, { force: true });
    return false;
  }
  try {
    if (isStale(file)) rmSync(file, { force: true });
    return true;
  } finally {
    rmSync(guard, { force: true });
  }
}

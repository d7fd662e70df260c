import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isFolderInUse, withFolderLock } from "./folder-lock.js";

const RACE = {
  entryPoints: [join(import.meta.dirname, "../test/lock-race.ts")],
  bundle: true,
  platform: "node",
  format: "esm",
  conditions: ["@retool-ts/source"],
  logLevel: "error",
} satisfies BuildOptions;

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-lock-"))));
afterEach(() => rm(folder, { recursive: true }));

const work = async () => "done";
const locks = () => readdirSync(folder).filter((name) => name.startsWith(".lock"));
/** Leaves a lock as a process of that id would. */
const lockOf = (pid: number | undefined, began = "", host = hostname()) => {
  const name = `.lock~${pid}~${began}~0~${host}`;
  writeFileSync(join(folder, name), "");
  return name;
};

test("a folder is in use while work is done in it, and not by what a dead process left", async () => {
  expect(isFolderInUse(folder)).toBe(false);
  await withFolderLock(folder, async () => expect(isFolderInUse(folder)).toBe(true));
  expect(isFolderInUse(folder)).toBe(false);
  lockOf(2 ** 30);
  expect(isFolderInUse(folder)).toBe(false);
  lockOf(process.ppid);
  expect(isFolderInUse(folder)).toBe(true);
  expect(isFolderInUse(join(folder, "absent"))).toBe(false);
});

describe("withFolderLock", () => {
  test("keeps others out while work is done, and lets go after it, also when it fails", async () => {
    await withFolderLock(folder, async () => {
      await expect(withFolderLock(folder, work)).rejects.toThrow(
        `run folder: ${folder}: expected one that no other process works in, found process ${process.pid} at work.`,
      );
      expect(locks()).toHaveLength(1);
    });
    expect(locks()).toEqual([]);
    const failing = withFolderLock(folder, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
    await expect(withFolderLock(folder, work)).resolves.toBe("done");
  });

  test("another process that is alive is left to its work; once it is killed, its lock is taken over", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(other, "spawn");
    const lock = lockOf(other.pid);
    await expect(withFolderLock(folder, work)).rejects.toThrow(`found process ${other.pid} at work`);
    expect(locks()).toEqual([lock]);
    other.kill("SIGKILL");
    await once(other, "exit");
    await expect(withFolderLock(folder, work)).resolves.toBe("done");
  });

  test.each([
    ["of this process's id, from before it began", process.pid, "1"],
    ["whose id another program has by now", process.ppid, "-1"],
  ])("a lock %s is taken over", async (_, pid, began) => {
    lockOf(pid, began);
    await expect(withFolderLock(folder, work)).resolves.toBe("done");
    expect(locks()).toEqual([]);
  });

  test("of many processes that find a stale lock, never two work at once", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "exit");
    const program = join(folder, "race.mjs");
    await build({ ...RACE, outfile: program });
    const [shared, log] = [join(folder, "shared"), join(folder, "log")];
    await mkdir(shared);
    const args = [program, shared, log, `.lock~${gone.pid}~~0~${hostname()}`, "60"];
    const racers = Array.from({ length: 6 }, () => spawn(process.execPath, args, { stdio: "inherit" }));
    const codes = await Promise.all(racers.map(async (racer) => (await once(racer, "exit"))[0] as number));
    expect(codes).toEqual(racers.map(() => 0));
    const lines = readFileSync(log, "utf8").trim().split("\n");
    const pairs = lines.flatMap((line, i) => (i % 2 === 0 ? [[line, lines[i + 1]]] : []));
    expect(pairs.length).toBeGreaterThan(5);
    for (const [begin, end] of pairs) expect(end).toBe(begin?.replace("begin", "end"));
  });

  test("a lock of another machine is believed, and the message says what to remove", async () => {
    const lock = lockOf(1, "", "elsewhere");
    await expect(withFolderLock(folder, work)).rejects.toThrow(
      `process 1 on elsewhere at work. To mend it: wait for it, or stop it; when there is no such process, remove ${join(folder, lock)}`,
    );
  });
});

test("what a killed process was writing is removed, what a living one writes is not", async () => {
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "close");
  await mkdir(join(folder, "trajectories"));
  const stale = [`.${dead.pid}-0.tmp`, join("trajectories", `.${dead.pid}-12.tmp`)];
  const kept = [join("trajectories", `.${process.pid}-3.tmp`), "notes.tmp"];
  for (const name of [...stale, ...kept]) writeFileSync(join(folder, name), "half");
  await withFolderLock(folder, work);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  expect(names).toEqual(expect.arrayContaining(kept));
  for (const name of stale) expect(names).not.toContain(name);
});

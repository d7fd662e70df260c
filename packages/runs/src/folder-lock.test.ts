import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withFolderLock } from "./folder-lock.js";

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-lock-"));
  lock = join(folder, ".lock");
});
afterEach(() => rm(folder, { recursive: true }));

const work = async () => "done";

describe("withFolderLock", () => {
  test("keeps others out while work is done, and lets go after it, also when it fails", async () => {
    await withFolderLock(folder, async () => {
      await expect(withFolderLock(folder, work)).rejects.toThrow(
        `run folder: ${folder}: expected one that no other process works in, found process ${process.pid} at work.`,
      );
      expect(existsSync(lock)).toBe(true);
    });
    expect(existsSync(lock)).toBe(false);
    const failing = withFolderLock(folder, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
    await expect(withFolderLock(folder, work)).resolves.toBe("done");
  });

  test("another process that is alive is left to its work; once it is killed, its lock is taken over", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(other, "spawn");
    const began = { pid: other.pid, host: hostname(), began: null };
    writeFileSync(lock, JSON.stringify(began));
    await expect(withFolderLock(folder, work)).rejects.toThrow(`found process ${other.pid} at work`);
    expect(JSON.parse(readFileSync(lock, "utf8"))).toEqual(began);
    other.kill("SIGKILL");
    await once(other, "exit");
    await expect(withFolderLock(folder, work)).resolves.toBe("done");
  });

  test.each([
    ["of this process's id, from before it began", { pid: process.pid, host: hostname(), began: "1" }],
    ["whose id another program has by now", { pid: process.ppid, host: hostname(), began: "-1" }],
    ["that was torn", undefined],
  ])("a lock %s is taken over", async (_, holder) => {
    writeFileSync(lock, holder === undefined ? '{"pid":' : JSON.stringify(holder));
    await expect(withFolderLock(folder, work)).resolves.toBe("done");
  });

  test("a lock of another machine is believed, and the message says what to remove", async () => {
    writeFileSync(lock, JSON.stringify({ pid: 1, host: "elsewhere", began: null }));
    await expect(withFolderLock(folder, work)).rejects.toThrow(
      `process 1 on elsewhere at work. To mend it: wait for it, or stop it; when there is no such process, remove ${lock}`,
    );
  });
});

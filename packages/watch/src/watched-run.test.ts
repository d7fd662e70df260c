import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFolderLock } from "@retool-ts/runs";
import { expect, test } from "vitest";
import { beginRun, CONFIG, finishRun, inFolder, logSteps } from "./example-folder.test-support.js";
import { progressOf } from "./progress.js";
import { WatchedRun } from "./watched-run.js";

test("a run that goes on tells its progress and the time to go; a finished one has neither lock nor time", () =>
  inFolder(async (folder) => {
    const run = await beginRun(join(folder, "run"));
    const watched = new WatchedRun("r1", run.path, JSON.parse);
    await withFolderLock(run.path, async () => {
      await logSteps(run, 1, 40);
      expect(await watched.refresh()).toBe(true);
      expect(watched.state).toBe("running");
      expect(watched.progress).toEqual({ phase: "rl", done: 40, total: 100, secondsLeft: 120 }); // 60 steps of 2 seconds
      expect(await watched.refresh()).toBe(false);
    });
    expect(await watched.refresh()).toBe(true);
    expect(watched.state).toBe("stopped");
    expect(watched.progress!.secondsLeft).toBeUndefined();
    await finishRun(run);
    expect(await watched.refresh()).toBe(true);
    expect(watched.state).toBe("finished");
    expect(watched.files).toHaveLength(2);
    expect(watched.records[0]).toMatchObject({ "reward/mean": 0.01, "time/step": 2 });
  }));

test("supervised steps are counted over all stages, and a config that does not tell leaves the total open", () => {
  const records = [{ phase: "sft", step: 12 }];
  expect(progressOf(records, CONFIG, "running")).toEqual({ phase: "sft", done: 12, total: 40, secondsLeft: undefined });
  for (const config of [undefined, 5, { sft: 1 }, { sft: { stages: [{ steps: "many" }] } }]) {
    expect(progressOf(records, config, "running")!.total).toBeUndefined();
  }
  expect(progressOf([], CONFIG, "running")).toBeUndefined();
});

test("a killed run that forgets steps and goes on is followed", () =>
  inFolder(async (folder) => {
    const run = await beginRun(join(folder, "run"));
    const watched = new WatchedRun("r1", run.path, JSON.parse);
    await logSteps(run, 1, 10);
    await watched.refresh();
    await run.truncateAfter(6); // what a resumed run begins with
    expect(await watched.refresh()).toBe(true);
    expect(watched.records).toHaveLength(6);
    await logSteps(run, 7, 12);
    await watched.refresh();
    expect(watched.records.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  }));

test("strange folders are told in words, and never waited for", () =>
  inFolder(async (folder) => {
    const path = join(folder, "run");
    await mkdir(join(path, "trajectories"), { recursive: true });
    const watched = new WatchedRun("r1", path, JSON.parse);
    const problemWith = async (name: string, content: string) => {
      await writeFile(join(path, name), content);
      await watched.refresh();
      await rm(join(path, name));
      return watched.problem;
    };
    expect(await problemWith("summary.json", '{"phases":{"final":{"accuracy":"high"}}}')).toMatch(/summary\.json: .*expected/);
    expect(await problemWith("summary.json", "{")).toContain("summary.json");
    expect(await problemWith("config.yaml", "{")).toMatch(/JSON/);
    expect(await problemWith("config.yaml", " ".repeat(5_000_000))).toContain("config.yaml is not read: 5000000 bytes");
    expect(await problemWith("metrics.jsonl", "[]\n")).toContain("metrics.jsonl:1");
    await watched.refresh();
    expect(watched.problem).toBeUndefined();
    for (const name of ["config.yaml", "summary.json", "metrics.jsonl"]) execFileSync("mkfifo", [join(path, name)]);
    await watched.refresh();
    expect(watched.problem).toContain("config.yaml is not read: no file");
    await writeFile(join(path, "trajectories", "final.jsonl"), '{"phase":1}\n');
    await watched.refresh();
    await expect(watched.rollouts("final.jsonl")).rejects.toThrow(/final\.jsonl:1/);
    await expect(watched.rollouts("../../other")).rejects.toThrow();
  }));

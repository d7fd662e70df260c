import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeFileAtomic } from "./atomic-write.js";
import { withFolderLock } from "./folder-lock.js";
import { createRunFolder, openRunFolder } from "./open-run-folder.js";
import type { RunFolder } from "./run-folder.js";
import { stepName } from "./step-folders.js";
import { exampleRecord } from "../test/example-run.js";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-run-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A checkpoint's folder without anything in it, as an older version or a kill may have left one. */
function checkpointFolder(run: RunFolder, step: number): string {
  const path = run.file("checkpoints", stepName(step));
  mkdirSync(path, { recursive: true });
  return path;
}

describe("writeFileAtomic", () => {
  test("makes folders, replaces contents and leaves no temporary file", async () => {
    const path = join(folder, "a/b/file.json");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, "new");
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(readdirSync(join(folder, "a/b"))).toEqual(["file.json"]);
  });

  test("leaves neither a part nor a temporary file when it fails", async () => {
    mkdirSync(join(folder, "taken/inside"), { recursive: true });
    await expect(writeFileAtomic(join(folder, "taken"), "text")).rejects.toThrow();
    await expect(writeFileAtomic(join(folder, "taken"), "text")).rejects.toMatchObject({ path: join(folder, "taken") });
    expect(readdirSync(folder)).toEqual(["taken"]);
  });
});

describe("createRunFolder", () => {
  test("refuses a folder with files, unless the run is resumed", async () => {
    const path = join(folder, "run");
    const run = await createRunFolder(path);
    await run.writeConfig("seed: 1\n");
    await expect(createRunFolder(path)).rejects.toThrow("To mend it: choose another folder.");
    await expect(createRunFolder(path, { hints: { occupied: "pass --resume" } })).rejects.toThrow("To mend it: pass --resume.");
    expect((await createRunFolder(path, { resume: true })).path).toBe(path);
  });

  test.each([
    ["a file in its place", "file", {}],
    ["a file on the way", "file/run", {}],
    ["nothing to resume", "absent", { resume: true }],
  ])("%s is the user's mistake", async (_, name, options) => {
    writeFileSync(join(folder, "file"), "");
    await expect(createRunFolder(join(folder, name), options)).rejects.toBeInstanceOf(InputError);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("opening what is no run says so", async () => {
    await expect(openRunFolder(join(folder, "absent"))).rejects.toThrow("found nothing");
    await expect(openRunFolder(folder)).rejects.toThrow("found something else");
  });
});

describe("logs", () => {
  test("keep key order and hold numbers that JSON cannot", async () => {
    const run = await createRunFolder(join(folder, "run"));
    await run.appendMetrics({ step: 1, "policy/loss": Number.NaN, "reward/mean": -0.1, note: null });
    await run.appendMetrics({ step: 2, "policy/loss": Number.NEGATIVE_INFINITY });
    expect(readFileSync(run.file("metrics.jsonl"), "utf8")).toBe(
      '{"step":1,"policy/loss":"NaN","reward/mean":-0.1,"note":null}\n{"step":2,"policy/loss":"-Infinity"}\n',
    );
    expect(run.readMetrics()).toEqual([
      { step: 1, "policy/loss": Number.NaN, "reward/mean": -0.1, note: null },
      { step: 2, "policy/loss": Number.NEGATIVE_INFINITY },
    ]);
  });

  test("a torn last line is neither read nor kept, and later steps are forgotten", async () => {
    const run = await createRunFolder(join(folder, "run"));
    for (const step of [1, 2, 3]) {
      await run.appendMetrics({ phase: "rl", step });
      await run.appendTimings({ step, "time/step": step });
      await run.writeTrajectories(step, []);
      writeFileSync(join(checkpointFolder(run, step), "state.json"), "{}");
    }
    await run.writeTrajectories("coldStart", []);
    appendFileSync(run.file("metrics.jsonl"), '{"phase":"rl","st');
    expect(run.readMetrics()).toHaveLength(3);

    await run.truncateAfter(2);
    await run.appendMetrics({ phase: "rl", step: 3 });
    expect(readFileSync(run.file("metrics.jsonl"), "utf8")).toBe([1, 2, 3].map((step) => `{"phase":"rl","step":${step}}\n`).join(""));
    expect(run.readTimings()).toHaveLength(2);
    expect((await run.trajectoryFiles()).map((path) => path.slice(run.file("trajectories").length + 1))).toEqual([
      "coldStart.jsonl.gz",
      "step-000001.jsonl.gz",
      "step-000002.jsonl.gz",
    ]);
    expect((await run.latestCheckpoint())?.step).toBe(2);
  });

  test("a line that is no JSON is named", async () => {
    const run = await createRunFolder(join(folder, "run"));
    writeFileSync(run.file("metrics.jsonl"), '{"step":1}\noops\n');
    expect(() => run.readMetrics()).toThrow("metrics.jsonl:2");
  });
});

describe("trajectories", () => {
  test("come back as they were, and equal records give equal bytes without a time", async () => {
    const run = await createRunFolder(join(folder, "run"));
    const records = [exampleRecord({ question: "π \u2028 \ud800?" }), exampleRecord({ sampleIndex: 1, correct: false })];
    const first = readFileSync(await run.writeTrajectories(10, records));
    const second = readFileSync(await run.writeTrajectories("again", records));
    expect(second.equals(first)).toBe(true);
    expect([...first.subarray(4, 8), first[9]]).toEqual([0, 0, 0, 0, 255]);
    expect(await run.readTrajectories(10)).toEqual(records);
  });

  test("a file of something else is refused with its line", async () => {
    const run = await createRunFolder(join(folder, "run"));
    mkdirSync(run.file("trajectories"));
    writeFileSync(run.file("trajectories/bad.jsonl.gz"), `${JSON.stringify(exampleRecord())}\n{"id":1}\n`);
    await expect(run.readTrajectories("bad")).rejects.toThrow("bad.jsonl.gz:2: expected a file of rollouts");
  });
});

describe("checkpoints", () => {
  test("count once state.json is there; pruning keeps the newest", async () => {
    const run = await createRunFolder(join(folder, "run"));
    for (const step of [5, 10, 20, 100]) writeFileSync(join(checkpointFolder(run, step), "state.json"), "{}");
    for (const unfinished of [15, 50]) checkpointFolder(run, unfinished);
    checkpointFolder(run, 200);
    expect((await run.latestCheckpoint())?.path).toBe(run.file("checkpoints", stepName(100)));
    await run.pruneCheckpoints(2);
    expect(readdirSync(run.file("checkpoints"))).toEqual([20, 100, 200].map(stepName));
  });

  test("the best one is named in best.json, with / on every system, until none is", async () => {
    const run = await createRunFolder(join(folder, "run"));
    await run.writeBest(undefined);
    await run.writeBest({ step: 20, accuracy: 0.5 });
    expect(JSON.parse(readFileSync(run.file("best.json"), "utf8"))).toEqual({
      step: 20,
      accuracy: 0.5,
      checkpoint: "checkpoints/step-000020",
    });
    await run.writeBest(undefined);
    expect(existsSync(run.file("best.json"))).toBe(false);
  });

  test("what is logged goes to TensorBoard once that is asked for", async () => {
    const run = await createRunFolder(join(folder, "run"));
    const events = () => readdirSync(run.path).filter((name) => name.startsWith("events.out.tfevents"));
    await run.appendMetrics({ phase: "rl", step: 1, "reward/mean": 1 });
    expect(events()).toEqual([]);
    run.logForTensorBoard();
    await run.appendMetrics({ phase: "rl", step: 2, "reward/mean": 1 });
    expect(events()).toHaveLength(1);
  });
});

test("a checkpoint that is written again stays whole until the new one is", async () => {
  const run = await createRunFolder(join(folder, "rewritten"));
  const request = { step: 3, state: { a: 1 }, keep: 2, keepsJournal: () => true };
  await run.saveCheckpoint(request, async (path) => writeFileSync(join(path, "weights"), "old"));
  const killed = run.saveCheckpoint(request, () => Promise.reject(new Error("killed")));
  await expect(killed).rejects.toThrow("killed");
  const [kept] = await run.checkpoints();
  expect(readFileSync(join(kept!.path, "weights"), "utf8")).toBe("old");
  await run.saveCheckpoint({ ...request, state: { a: 2 } }, async (path) => writeFileSync(join(path, "weights"), "new"));
  expect(readFileSync(join((await run.latestCheckpoint())!.path, "weights"), "utf8")).toBe("new");
  expect(readdirSync(run.file("checkpoints"))).toEqual(["step-000003"]);
});

test("nothing is written into a folder that was removed meanwhile, and made again for another run", async () => {
  const run = await createRunFolder(join(folder, "run"));
  const replace = async () => {
    await rm(run.path, { recursive: true });
    mkdirSync(run.path);
  };
  const checkpoint = { step: 1, state: {}, keep: 1, keepsJournal: () => true };
  const writes: Record<string, () => Promise<unknown>> = {
    metrics: () => run.appendMetrics({ step: 1 }),
    timings: () => run.appendTimings({ step: 1 }),
    summary: () => run.writeSummary({} as Parameters<RunFolder["writeSummary"]>[0]),
    trajectories: () => run.writeTrajectories(1, [exampleRecord()]),
    checkpoint: () => run.saveCheckpoint(checkpoint, async () => {}),
  };
  await withFolderLock(run.path, async () => {
    await replace();
    for (const [name, write] of Object.entries(writes)) {
      await expect(write(), name).rejects.toThrow("expected the lock that this process put there, found none");
    }
    expect(readdirSync(run.path)).toEqual([]);
  });
  await withFolderLock(run.path, async () => {
    const saving = run.saveCheckpoint(checkpoint, replace);
    await expect(saving).rejects.toThrow("expected the lock that this process put there");
    expect(readdirSync(run.path)).toEqual([]);
  });
  await run.appendMetrics({ step: 1 }); // by whoever needs no lock
});

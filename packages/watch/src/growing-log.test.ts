import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@retool-ts/runs";
import { expect, test } from "vitest";
import { inFolder } from "./example-folder.test-support.js";
import { GrowingLog } from "./growing-log.js";

const line = (step: number, more: object = {}) => `${JSON.stringify({ phase: "rl", step, ...more })}\n`;
const stepsOf = (log: GrowingLog) => log.records.map(({ step }) => step);

test("reads what is added, whole lines only, and numbers that JSON cannot hold", () =>
  inFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const log = new GrowingLog(path);
    expect(await log.refresh()).toBe(false);
    await writeFile(path, line(1) + line(2, { "reward/mean": "NaN" }).slice(0, 20));
    expect(await log.refresh()).toBe(true);
    expect(stepsOf(log)).toEqual([1]);
    expect(await log.refresh()).toBe(false);
    await appendFile(path, line(2, { "reward/mean": "NaN" }).slice(20) + line(3));
    expect(await log.refresh()).toBe(true);
    expect(stepsOf(log)).toEqual([1, 2, 3]);
    expect(log.records[1]!["reward/mean"]).toBe(Number.NaN);
  }));

test("a file that a resumed run replaced, cut or removed is read anew", () =>
  inFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const log = new GrowingLog(path);
    await writeFile(path, line(1) + line(2) + line(3));
    await log.refresh();
    await writeFileAtomic(path, line(1) + line(20) + line(30));
    expect(await log.refresh()).toBe(true);
    expect(stepsOf(log)).toEqual([1, 20, 30]);
    await writeFile(path, line(7));
    expect(await log.refresh()).toBe(true);
    expect(stepsOf(log)).toEqual([7]);
    await writeFileAtomic(path, "");
    expect(await log.refresh()).toBe(true);
    expect(stepsOf(log)).toEqual([]);
  }));

test("a line that is no record is told, and what follows is read", () =>
  inFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const log = new GrowingLog(path);
    await writeFile(path, `${line(1)}[5]\n{"step":{}}\n${line(2)}`);
    await log.refresh();
    expect(stepsOf(log)).toEqual([1, 2]);
    expect(log.problem).toContain("metrics.jsonl:2: expected a JSON object");
    await log.refresh();
    expect(log.problem).toContain("metrics.jsonl:2");
  }));

test("a line without an end is not kept in memory", () =>
  inFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const log = new GrowingLog(path);
    await writeFile(path, line(1) + "x".repeat(5_000_000));
    await log.refresh();
    expect(stepsOf(log)).toEqual([1]);
    expect(log.problem).toContain("a line of more than 1048576 bytes");
  }));

test("of ten thousand steps a bounded part is kept: the first ones, the last, and every evaluation", () =>
  inFolder(async (folder) => {
    const path = join(folder, "metrics.jsonl");
    const log = new GrowingLog(path);
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) =>
        line(from + i + 1, { a: i, ...((from + i) % 100 === 0 ? { "eval/accuracy": 0.5 } : {}) }),
      );
    await writeFile(path, lines(0, 10_000).join(""));
    await log.refresh();
    expect(log.records.length).toBeLessThanOrEqual(6_000);
    expect(log.records.length).toBeGreaterThan(2_500);
    expect(log.records.filter((record) => "eval/accuracy" in record)).toHaveLength(100);
    expect(stepsOf(log).slice(0, 2)).toEqual([1, 2]);
    expect(stepsOf(log).at(-1)).toBe(10_000);
    expect(stepsOf(log)).toEqual(stepsOf(log).toSorted((a, b) => Number(a) - Number(b)));
    for (let more = 1; more < 6; more++) {
      await appendFile(path, lines(10_000 * more, 10_000 * (more + 1)).join(""));
      await log.refresh();
    }
    expect(log.records.length).toBeLessThanOrEqual(6_000);
    expect(stepsOf(log).at(-1)).toBe(60_000);
  }));

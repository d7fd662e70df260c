import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterMetrics, QUIET } from "../../test/quiet-shell.js";
import { loadConfig } from "../config/load-config.js";
import { withRun } from "./session.js";
import { runSft } from "./stages.js";

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-sft-file-"));
  data = join(folder, "sft.jsonl");
  const rows = Array.from({ length: 22 }, (_, i) => ({
    messages: [
      { role: "user", content: i === 21 ? "What is 21 + 1? ".repeat(9) : `What is ${i} + 1?` },
      { role: "assistant", content: `<code>${i}+1</code><interpreter>${i + 1}</interpreter><answer>\\boxed{${i + 1}}</answer>` },
    ],
  }));
  await writeFile(data, rows.map((row) => JSON.stringify(row)).join("\n"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Metrics {
  readonly step: number;
  readonly stage: string;
  readonly "sft/loss": number;
  readonly "sft/eval_loss"?: number;
}

/** Runs a stage of 8 steps on the file, 4 rows per step; stops after `stopAfter` steps. */
async function sft(name: string, { stopAfter = Infinity, resume = false, settings = [] as string[] } = {}) {
  const controller = new AbortController();
  const said: string[] = [];
  const path = join(folder, name);
  const stage = `{name: file, source: {kind: file, path: ${data}}, steps: 8, batchSize: 4, learningRate: {peak: 0.003}}`;
  const set = ["backend=wasm", `sft.stages=[${stage}]`, "sft.saveEvery=2", "sft.evalEvery=4", "sft.evalRows=4", ...settings];
  const config = await loadConfig({ preset: "smoke", set });
  const reporter = { ...QUIET, say: (line: string) => void said.push(line) };
  await withRun({ path, resume, config, resumeWith: "again", reporter, signal: controller.signal }, async (context, state) => {
    afterMetrics(context.run, ({ step }) => step === stopAfter && controller.abort());
    if (state.phase === "sft") await runSft(context, state);
  });
  return { path, said };
}
const metrics = async (path: string) =>
  (await readFile(join(path, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Metrics);

describe("a stage that reads a file", () => {
  test("trains on its rows and measures the loss on others", async () => {
    const { path, said } = await sft("whole");
    const records = await metrics(path);
    expect(records.map((record) => record["sft/eval_loss"] !== undefined)).toEqual([false, false, false, true, false, false, false, true]);
    expect(records.at(-1)!["sft/eval_loss"]!).toBeLessThan(records[3]!["sft/eval_loss"]!);
    expect(said.join("\n")).toMatch(/file: 18 rows of .*sft\.jsonl, the longest of \d+ tokens; 0 longer than 2048 left out, 4 held out/);
  });

  test("stopped and resumed, is the run that was never stopped, to the byte", async () => {
    await expect(sft("stopped", { stopAfter: 5 })).rejects.toThrow("interrupted");
    const { path } = await sft("stopped", { resume: true });
    expect(await readFile(join(path, "metrics.jsonl"), "utf8")).toBe(await readFile(join(folder, "whole/metrics.jsonl"), "utf8"));
    expect((await readdir(join(path, "checkpoints"))).length).toBeGreaterThan(0);
  });

  test("refuses a row that is too long, or leaves it out and says so", async () => {
    const stage = (more: string, maxTokens = 40, batchSize = 2) =>
      `sft.stages=[{name: file, source: {kind: file, path: ${data}, maxTokens: ${maxTokens}, ${more}}, steps: 1, batchSize: ${batchSize}, learningRate: {peak: 0.003}}]`;
    await expect(sft("long", { settings: [stage("tooLong: refuse")] })).rejects.toThrow(/line 22: expected at most 40 tokens, found \d+/);
    const { said } = await sft("left", { settings: [stage("tooLong: leave-out")] });
    expect(said.join("\n")).toContain("17 rows");
    expect(said.join("\n")).toContain("1 longer than 40 left out, 4 held out");
    const longest = Number(/the longest of (\d+) tokens/.exec(said.join("\n"))![1]);
    const exact = await sft("exact", { settings: [stage("tooLong: leave-out", longest, 17)] }); // as long as may be, and one batch of all rows
    expect(exact.said.join("\n")).toContain(`17 rows`);
  });

  test("says when there are too few rows", async () => {
    await expect(sft("few", { settings: ["sft.evalRows=20"] })).rejects.toThrow(/at least 4 rows, a batch, found 2, beside 20 held out/);
  });
});

test("generated rows are held out too, and measuring changes nothing else", async () => {
  const stage = "sft.stages=[{name: clean, mixture: clean, steps: 3, batchSize: 4, learningRate: {peak: 0.003}}]";
  const withEval = await metrics((await sft("generated", { settings: [stage, "sft.evalEvery=2"] })).path);
  const without = await metrics((await sft("generated-plain", { settings: [stage, "sft.evalEvery=null"] })).path);
  expect(withEval.map((record) => record["sft/eval_loss"] !== undefined)).toEqual([false, true, true]);
  expect(withEval.map((record) => record["sft/loss"])).toEqual(without.map((record) => record["sft/loss"]));
});

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunFolder } from "@retool-ts/runs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quietShell, QUIET } from "../../test/quiet-shell.js";
import { loadConfig } from "../config/load-config.js";
import { runRecipe } from "../recipe/recipe.js";
import { withRun } from "../recipe/session.js";
import { diffRuns } from "./diff-command.js";
import { reproduce } from "./reproduce-command.js";
import { differences, metricsDifference, type RunDifference } from "./run-difference.js";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-reproduce-"));
  const config = await loadConfig({ preset: "smoke", set: ["backend=wasm", "eval.problems=4", "seed=7"] });
  const { signal } = new AbortController();
  await withRun({ path: at("first"), resume: false, config, resumeWith: "again", reporter: QUIET, signal }, async (context, state) => {
    await runRecipe(context, state, { sft: true, rl: true });
  });
});
afterAll(() => rm(folder, { recursive: true }));

test("a run repeated from its own files is the same to the byte", async () => {
  const codes: number[] = [];
  const shell = quietShell({ setExitCode: (code) => codes.push(code) });
  const difference = await reproduce(at("first"), { output: at("second"), resume: false, json: false }, shell);
  expect(difference).toMatchObject({ config: [], environment: [], data: [], metrics: { last: [] } });
  expect(difference.files.length).toBeGreaterThan(5);
  expect(difference.files.every(({ state }) => state === "same")).toBe(true);
  expect(difference.files.map(({ file }) => file)).toContain("newest checkpoint/model.safetensors");
  expect(shell.printed[0]).toMatch(/config: the same.*metrics: the same, \d+ records.*\nreproduced/s);
  expect(codes).toEqual([]);
});

test("a changed setting, machine, record and file are named, and the exit code says so", async () => {
  await cp(at("first"), at("changed"), { recursive: true });
  const run = new RunFolder(at("changed"));
  await run.writeConfig(run.readConfig()!.replace(/^seed: 7$/m, "seed: 8"));
  await run.writeManifest({
    ...run.readManifest(),
    node: "v1.2.3",
    started: "long ago",
    datasets: [{ where: "sft", path: "x", sha256: "0" }],
  });
  const records = run.readMetrics();
  const changed = records.map((record, i) => (i === 3 ? { ...record, "sft/loss": 99 } : record));
  await writeFile(run.file("metrics.jsonl"), changed.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const shell = quietShell();
  await diffRuns(at("first"), at("changed"), { json: true }, shell);
  const found = JSON.parse(shell.printed[0]!) as RunDifference;
  expect(found.config).toEqual([{ key: "seed", a: 7, b: 8 }]);
  expect(found.environment).toEqual([{ key: "node", a: process.version, b: "v1.2.3" }]);
  expect(found.data.map(({ key }) => key)).toContain("datasets.0.sha256");
  expect(found.metrics).toMatchObject({ equalRecords: 3, first: { place: `record 4 (sft, step ${String(records[3]!["step"])})` } });
  expect(found.metrics.first!.values).toEqual([{ key: "sft/loss", a: records[3]!["sft/loss"], b: 99 }]);
  expect(found.files.filter(({ state }) => state !== "same")).toEqual([{ file: "metrics.jsonl", state: "differs" }]);

  const codes: number[] = [];
  // Its config now has another seed than its records.
  await reproduce(
    at("changed"),
    { output: at("third"), resume: false, json: false },
    quietShell({ setExitCode: (code) => codes.push(code) }),
  );
  expect(codes).toEqual([1]);
  expect(await readFile(join(at("third"), "config.yaml"), "utf8")).toContain("seed: 8");
});

test("differences are those of leaves, by path; logs are compared record by record", () => {
  expect(differences({ a: { b: [1, 2] }, c: null }, { a: { b: [1, 3] }, d: {} })).toEqual([
    { key: "a.b.1", a: 2, b: 3 },
    { key: "c", a: null, b: undefined },
    { key: "d", a: undefined, b: {} },
  ]);
  const record = (step: number, loss: number) => ({ phase: "sft", step, "sft/loss": loss });
  expect(metricsDifference([record(1, 3), record(2, 2)], [record(1, 3)])).toEqual({
    recordsA: 2,
    recordsB: 1,
    equalRecords: 1,
    last: [{ key: "sft/loss", a: 2, b: 3 }],
  });
});

test("a folder without a manifest, and a run of a program's own functions, are refused with what to do", async () => {
  const bare = new RunFolder(at("bare"));
  await bare.writeConfig(new RunFolder(at("first")).readConfig()!);
  const options = { output: at("never"), resume: false, json: false };
  await expect(reproduce(at("bare"), options, quietShell())).rejects.toThrow(/manifest\.json.*no such file/s);
  await bare.writeManifest({ functions: { reward: "mine" } });
  await expect(reproduce(at("bare"), options, quietShell())).rejects.toThrow(/reward.*retool diff/s);
});

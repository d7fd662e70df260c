import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "@retool-ts/runs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { runCommand } from "./recipe-run.js";
import { rescore } from "./rescore-run.js";

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-rescore-"));
  const shared = { preset: "smoke", set: ["eval.problems=6"], resume: false, dryRun: false } as const;
  await runCommand("quickstart", { sft: true, rl: true }, { ...shared, output: at("run") }, quietShell());
});
afterAll(() => rm(folder, { recursive: true }));

async function rescored(path: string, set: readonly string[], output?: string, plugin: readonly string[] = []) {
  const printed: string[] = [];
  const options = { set, plugin, json: true, ...(output !== undefined && { output }) };
  await rescore(path, options, quietShell({ print: (text) => void printed.push(text) }));
  return JSON.parse(printed.join("\n")).phases as {
    phase: string;
    rollouts: number;
    accuracy: number[];
    score: number[];
    nowRight: number;
  }[];
}

test("with the run's own reward nothing changes, and the files are the same but for advantages", async () => {
  const phases = await rescored(at("run"), [], at("same"));
  expect(phases.map(({ phase, rollouts }) => [phase, rollouts])).toEqual([["coldStart", 6], ["final", 6], ["train", 12]]); // prettier-ignore
  for (const { accuracy, score } of phases) expect([accuracy[1], score[1]]).toEqual([accuracy[0], score[0]]);
  const read = async (run: string) => (await openRunFolder(at(run))).readTrajectories(11);
  const before = (await read("run")).map((record) => ({ ...record, advantage: undefined }));
  expect(await read("same")).toEqual(before);
});

test("another reward's scores are told and written, and the run stays as it is", async () => {
  const plugin = at("plugin.mjs");
  await writeFile(plugin, "export default { rewards: { all: ({ trajectory }) => ({ score: trajectory.turns, correct: true }) } };");
  const file = at("run/trajectories/final.jsonl.gz");
  const bytes = await readFile(file);
  const [final] = await rescored(file, ["reward.function=all"], at("other"), [plugin]);
  expect([final!.phase, final!.accuracy[1], final!.nowRight]).toEqual(["final", 1, Math.round(6 * (1 - final!.accuracy[0]!))]);
  const records = await (await openRunFolder(at("other"))).readTrajectories("final");
  expect(records.every(({ score, turns, correct, parts }) => score === turns && correct && parts["outcome"] === turns)).toBe(true);
  expect(await readFile(file)).toEqual(bytes);
});

test("an occupied output, a wrong setting and a folder without rollouts are refused", async () => {
  await expect(rescored(at("run"), [], at("run"))).rejects.toThrow(/a new or empty folder/);
  await expect(rescored(at("run"), ["reward.rule=nosuch"])).rejects.toThrow(/reward\.rule/);
  await expect(rescored(folder, [])).rejects.toThrow(/the folder of a run/);
});

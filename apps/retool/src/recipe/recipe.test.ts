import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterMetrics, QUIET } from "../../test/quiet-shell.js";
import { loadConfig } from "../config/load-config.js";
import { runRecipe } from "./recipe.js";
import type { RecipeContext } from "./recipe-context.js";
import { withRun } from "./session.js";
import { stepOfEvent } from "@retool-ts/runs";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-recipe-"))));
afterAll(() => rm(folder, { recursive: true }));

const SETTINGS = ["backend=wasm", "sft.saveEvery=2", "train.saveEvery=2", "train.evaluateEvery=2", "eval.problems=4"];

/** Runs the smoke preset; `onMetric` sees each record that is logged and may abort. */
async function run(
  name: string,
  { resume = false, onMetric }: { resume?: boolean; onMetric?: (record: object, abort: () => void) => void } = {},
) {
  const controller = new AbortController();
  const path = join(folder, name);
  const config = await loadConfig({ preset: "smoke", set: SETTINGS });
  await withRun({ path, resume, config, resumeWith: "again", reporter: QUIET, signal: controller.signal }, async (context, state) => {
    if (onMetric !== undefined) afterMetrics(context.run, (record) => onMetric(record, () => controller.abort()));
    await runRecipe(context satisfies RecipeContext, state, { sft: true, rl: true });
  });
  return path;
}

/** Events of a TFRecord file, without their wall time of 9 bytes. */
function withoutTimes(bytes: Buffer): Uint8Array[] {
  const events: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(start));
    events.push(Uint8Array.from([...new Uint8Array(9), ...bytes.subarray(start + 12 + 9, start + 12 + length)]));
    start += 12 + length + 4;
  }
  return events;
}

const read = (...parts: string[]) => readFile(join(folder, ...parts));

describe("the recipe", () => {
  test("the same seed gives the same metrics, rollouts and weights, byte for byte", async () => {
    await run("first");
    await run("second");
    expect((await read("first", "metrics.jsonl")).toString().trim().split("\n")).toHaveLength(13); // 6 + 4 SFT steps, 3 RL steps
    const last = JSON.parse((await read("first", "metrics.jsonl")).toString().trim().split("\n").at(-1)!) as Record<string, number>;
    expect(last["reward/part/outcome"]).toBe(last["reward/mean"]);
    const trajectories = (await readdir(join(folder, "first", "trajectories"))).map((name) => join("trajectories", name));
    expect(trajectories).toHaveLength(5); // two evaluations and three RL steps
    for (const file of ["metrics.jsonl", ...trajectories, "checkpoints/step-000013/model.safetensors"]) {
      expect((await read("second", file)).equals(await read("first", file)), file).toBe(true);
    }
  });

  test.each([
    ["in the middle of SFT", 3],
    ["between the stages", 6],
    ["at the end of SFT", 10],
    ["in the middle of RL", 11],
  ])("interrupted %s and resumed, it ends as if it had never stopped", async (_, at) => {
    const name = `stopped-${at}`;
    const stopped = run(name, { onMetric: (record, abort) => (record as { step: number }).step === at && abort() });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError", message: expect.stringContaining("again") });
    await run(name, { resume: true });
    for (const file of ["metrics.jsonl", "checkpoints/step-000013/model.safetensors", "checkpoints/step-000013/optimizer.safetensors"]) {
      expect((await read(name, file)).equals(await read("first", file)), file).toBe(true);
    }
  });

  test.each([
    ["in the middle of SFT", 5],
    ["in the middle of RL", 13],
  ])("crashed %s, it goes on from the newest checkpoint and ends as if it had never stopped", async (_, at) => {
    const name = `crashed-${at}`;
    const crash = (record: object) => {
      if ((record as { step: number }).step === at) throw new Error("the power went out");
    };
    await expect(run(name, { onMetric: crash })).rejects.toThrow("the power went out");
    await run(name, { resume: true });
    for (const file of ["metrics.jsonl", "checkpoints/step-000013/model.safetensors", "checkpoints/step-000013/optimizer.safetensors"]) {
      expect((await read(name, file)).equals(await read("first", file)), file).toBe(true);
    }
  });

  test("an interrupted run leaves the events of one that never stopped, each step once", async () => {
    const events = async (name: string) => {
      const file = (await readdir(join(folder, name))).find((entry) => entry.startsWith("events.out.tfevents."));
      return withoutTimes(await read(name, file!));
    };
    const whole = await events("first");
    expect(whole).toHaveLength(1 + 2 * 13); // the version; metrics and timings of each step
    // Times differ, and metrics and timings of a step may change places where a test cuts in between.
    const metrics = (list: readonly Uint8Array[]) =>
      list.map((event) => Buffer.from(event)).filter((event) => !event.includes("time/step"));
    expect(metrics(whole)).toHaveLength(1 + 13);
    for (const name of ["crashed-5", "crashed-13", "stopped-6"]) {
      expect((await events(name)).map(stepOfEvent)).toEqual(whole.map(stepOfEvent));
      expect(metrics(await events(name))).toEqual(metrics(whole));
    }
  });

  test("a run folder that is in use is not overwritten", async () => {
    await expect(run("first")).rejects.toThrow(/first: expected a new or empty folder.*--resume/);
  });
});

test("a run that is done and measured is not measured again", async () => {
  await run("done");
  const written = async () => (await stat(join(folder, "done", "summary.json"))).mtimeMs;
  const before = await written();
  await run("done", { resume: true });
  expect(await written()).toBe(before);
});

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./load-config.js";
import { createReporter } from "./log.js";
import { runRecipe } from "./recipe.js";
import type { RunContext } from "./run-context.js";
import { withRun } from "./session.js";

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
  const reporter = createReporter({ quiet: () => true });
  await withRun({ path, resume, config, resumeWith: "again", reporter, signal: controller.signal }, async (context, state) => {
    if (onMetric !== undefined) {
      const append = context.run.appendMetrics.bind(context.run);
      Object.assign(context.run, { appendMetrics: (record: never) => (append(record), onMetric(record, () => controller.abort())) });
    }
    await runRecipe(context satisfies RunContext, state, { sft: true, rl: true });
  });
  return path;
}

const read = (...parts: string[]) => readFile(join(folder, ...parts));

describe("the recipe", () => {
  test("the same seed gives the same metrics, rollouts and weights, byte for byte", async () => {
    await run("first");
    await run("second");
    expect((await read("first", "metrics.jsonl")).toString().trim().split("\n")).toHaveLength(13); // 6 + 4 SFT steps, 3 RL steps
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

  test("a run folder that is in use is not overwritten", async () => {
    await expect(run("first")).rejects.toThrow(/first: expected a new or empty folder.*--resume/);
  });
});

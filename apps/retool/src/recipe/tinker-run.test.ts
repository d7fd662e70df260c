import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "@retool-ts/runs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainRecipe, type RecipeSettings } from "../index.js";
import { serveSmokeBase, type ServedBase } from "./served-base.test-support.js";

let folder: string;
let served: ServedBase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-far-"));
  served = await serveSmokeBase(folder);
});
afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

const settings = (): RecipeSettings => ({
  engine: { kind: "tinker", baseUrl: served.server.url },
  model: { from: served.bare, lora: { rank: 4 } },
  budgets: { maxResponseTokens: 16 },
  eval: { problems: 2 },
  sft: { stages: [{ name: "clean", mixture: "clean", steps: 2, batchSize: 4, learningRate: { peak: 5e-3 } }] },
  train: { steps: 2, promptsPerStep: 2, groupSize: 2, saveEvery: 1, kl: { coef: 0.01 } },
});

test("the recipe runs on a server, a checkpoint names its state there, and a run that was stopped goes on", async () => {
  const run = join(folder, "run");
  const stop = new AbortController();
  let steps = 0;
  const reporter = {
    say: () => {},
    step: () => {},
    close: () => {},
    status: () => ({ update: () => {}, done: () => {} }),
    progress: () => ({ update: () => void (++steps === 6 && stop.abort(new DOMException("stop", "AbortError"))), done: () => {} }),
  };
  const stopped = trainRecipe({ run, preset: "smoke", settings: settings(), reporter, signal: stop.signal });
  await expect(stopped).rejects.toThrow(/stop|interrupted/);
  const summary = await trainRecipe({ run, resume: true });
  expect(Object.keys(summary.phases)).toEqual(["coldStart", "final"]);
  expect(summary.backend).toBe("tinker");

  const kept = await openRunFolder(run);
  const metrics = kept.readMetrics();
  expect(metrics.map(({ phase, step }) => `${String(phase)} ${String(step)}`)).toEqual(["sft 1", "sft 2", "rl 3", "rl 4"]);
  expect(metrics.every((record) => Number.isFinite(record["optim/grad_norm"]))).toBe(true);
  expect(kept.readManifest()).toMatchObject({ backend: "tinker", engine: { baseModel: "smoke", semantics: { reduction: "sum" } } });
  const { path } = (await kept.latestCheckpoint())!;
  expect(["tinker.json", "tokenizer.json", "config.json"].map((name) => existsSync(join(path, name)))).toEqual([true, true, true]);
  expect(existsSync(join(path, "model.safetensors"))).toBe(false);
});

test("a folder without a config, and a reference by name, are refused in words", async () => {
  const run = (name: string, change: RecipeSettings) =>
    trainRecipe({ run: join(folder, name), preset: "smoke", settings: { ...settings(), ...change }, parts: { sft: false, rl: true } });
  await expect(run("none", { model: { from: null } })).rejects.toThrow(/folder with tokenizer and config.json/);
  await expect(run("named", { train: { ...settings().train, kl: { coef: 0.01, reference: served.bare } } })).rejects.toThrow(
    /train.kl.reference/,
  );
});

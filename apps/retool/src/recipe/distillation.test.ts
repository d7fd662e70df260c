import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainSmoke } from "../../test/train-smoke.js";
import { loadConfig } from "../config/load-config.js";
import { checkInputs } from "../setup/check-inputs.js";
import { trainRecipe } from "./train-recipe.js";
import { QUIET } from "../../test/quiet-shell.js";

let folder: string;
let teacher: string;
let adapted: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-distillation-"));
  [teacher, adapted] = [join(folder, "teacher"), join(folder, "adapted")];
  await trainSmoke(teacher, { train: { steps: 2, learningRate: { peak: 0.05 } } });
  await trainSmoke(adapted, { train: { steps: 2, learningRate: { peak: 0.05 } }, model: { lora: { rank: 2, alpha: 8 } } });
});
afterAll(() => rm(folder, { recursive: true }));

const guided = (reference: string) =>
  ({ groupSize: 1, advantage: "none", kl: { coef: 1, place: "advantage", estimator: "k1", reference } }) as const;

test("a run learns from another run on its own rollouts, and ends the same after a crash", async () => {
  const [whole, died] = [join(folder, "whole"), join(folder, "died")];
  const metrics = await trainSmoke(whole, { train: guided(teacher) });
  await expect(trainSmoke(died, { train: guided(teacher) }, { dieAt: 3 })).rejects.toThrow("the power went out");
  expect(await trainSmoke(died, {}, { resume: true })).toEqual(metrics);
  const kl = metrics.map((record) => Number(record["policy/reference_kl"])).filter((value) => !Number.isNaN(value));
  expect(kl).toHaveLength(4);
  expect(Math.max(...kl.map(Math.abs))).toBeGreaterThan(1e-3); // the teacher is another policy
  expect(tf.memory().numTensors).toBe(0);
});

test("a run with an adapter teaches with it", async () => {
  const metrics = await trainSmoke(join(folder, "by-adapter"), { train: { ...guided(adapted), steps: 1 } });
  const bare = await trainSmoke(join(folder, "by-base"), { train: { ...guided(join(adapted, "base")), steps: 1 } });
  expect(metrics.at(-1)!["policy/reference_kl"]).not.toBe(bare.at(-1)!["policy/reference_kl"]);
  expect(tf.memory().numTensors).toBe(0);
});

test("a teacher that reads other tokens is refused, and one that is not there is missed before the run", async () => {
  const settings = { train: guided(teacher), tokenizer: { vocabSize: 300 } };
  const other = trainRecipe({ run: join(folder, "other"), preset: "smoke", settings, parts: { sft: false, rl: true }, reporter: QUIET });
  await expect(other).rejects.toThrow(/train\.kl\.reference: .*teacher.*expected the policy's tokenizer, whose id \d+ is/su);
  const config = await loadConfig({ preset: "smoke", set: [], settings: { train: guided(join(folder, "nowhere")) } });
  const check = checkInputs(config, { sft: false, rl: true }, { reporter: QUIET, download: false });
  await expect(check).rejects.toThrow(/nowhere/u);
  expect(tf.memory().numTensors).toBe(0);
});

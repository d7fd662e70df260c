import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResponseReward } from "@retool-ts/reward";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainRecipe, type AdvantageFunction, type PolicyLossFunction, type RecipeSettings, type TrainRecipeOptions } from "../index.js";
import { openRunFolder } from "@retool-ts/runs";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-own-"))));
afterAll(() => rm(folder, { recursive: true }));

const reward: ResponseReward = ({ modelText }) => {
  const score = modelText.length % 2;
  return { score, correct: score === 1, prediction: undefined, parts: { length: score } };
};

/** Records of two steps of RL from random weights. */
async function records(name: string, train: RecipeSettings["train"], own: Pick<TrainRecipeOptions, "advantage" | "loss">) {
  const run = join(folder, name);
  const settings: RecipeSettings = {
    backend: "wasm",
    budgets: { maxResponseTokens: 16 },
    eval: { problems: 2 },
    train: { steps: 2, promptsPerStep: 2, groupSize: 4, ...train },
  };
  await trainRecipe({ run, preset: "smoke", settings, parts: { sft: false, rl: true }, reward, ...own });
  return (await openRunFolder(run)).readMetrics();
}

test("an advantage of one's own takes the place of the config's", async () => {
  const advantage: AdvantageFunction = ({ scores, groupIds }) =>
    scores.map((score, i) => {
      const group = scores.filter((_, other) => groupIds[other] === groupIds[i]);
      return score - group.reduce((sum, other) => sum + other, 0) / group.length;
    });
  const own = await records("advantage", {}, { advantage });
  expect(own).toEqual(await records("dr-grpo", { advantage: "dr-grpo" }, {}));
  expect(own).not.toEqual(await records("grpo", {}, {}));
  expect(own.some((record) => Number(record["optim/grad_norm"]) > 0)).toBe(true);
});

test("a loss of one's own takes the place of the config's: at ratio 1, REINFORCE has the gradient of PPO", async () => {
  const loss: PolicyLossFunction = ({ logProbs, advantages, lossMask, normalizer }) => ({
    lossPerToken: tf.neg<tf.Tensor1D>(tf.mul(logProbs, advantages)),
    metrics: { "own/tokens": tf.div<tf.Scalar>(tf.sum(lossMask), normalizer) },
  });
  const [own, usual] = [await records("loss", {}, { loss }), await records("ppo-clip", {}, {})];
  for (const [i, record] of own.entries()) {
    expect(Number(record["optim/grad_norm"])).toBeCloseTo(Number(usual[i]!["optim/grad_norm"]), 4);
    expect(record).toMatchObject({ "own/tokens": 1 });
    expect(record).not.toHaveProperty("policy/clip_frac");
  }
});

test("a wrong number of advantages is told", async () => {
  await expect(records("wrong", {}, { advantage: () => [1] })).rejects.toThrow(/advantages.*1/);
});

test("what a run cannot begin with is told before there is a folder", async () => {
  const run = join(folder, "never");
  const without = { run, preset: "smoke", parts: { sft: false, rl: true } } as const;
  const settings: RecipeSettings = { data: { train: { kind: "file", path: join(folder, "nope.jsonl") } } };
  await expect(trainRecipe({ ...without, settings })).rejects.toThrow("data.train.path: expected a file or folder of data");
  const python: RecipeSettings = { sandbox: { language: "python" } };
  await expect(trainRecipe({ ...without, parts: { sft: true, rl: true }, settings: python })).rejects.toThrow(
    "generated traces, whose code is JavaScript",
  );
  expect(existsSync(run)).toBe(false);
});

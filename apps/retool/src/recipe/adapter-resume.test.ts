import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trainSmoke, type SmokeSettings } from "../../test/train-smoke.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-rl-adapter-"))));
afterAll(() => rm(folder, { recursive: true }));

const MODEL: NonNullable<SmokeSettings["model"]> = { lora: { rank: 3, alpha: 12, dropout: 0.1 } };

/** Settings, and the files beside policy and optimizer that must not depend on the crash. */
const VARIANTS: Readonly<Record<string, readonly [NonNullable<SmokeSettings["train"]>, string[]]>> = {
  "KL penalty in the loss": [{ kl: { coef: 0.05, estimator: "unbiased" }, updatesPerStep: 2 }, []],
  "PPO with a critic and KL penalty in the reward": [
    {
      advantage: "gae",
      critic: { pretrainSteps: 3, warmupSteps: 1 },
      kl: { coef: 0.05, place: "reward", estimator: "k1" },
      learningRate: { peak: 0.01 },
    },
    ["adapter_model", "value-head", "optimizer"].map((file) => `critic/${file}.safetensors`),
  ],
  "one step off policy": [{ offPolicySteps: 1, loss: "cispo" }, ["stale-policy/adapter_model.safetensors"]],
};

describe.each(Object.entries(VARIANTS))("an adapter with %s", (name, [train, files]) => {
  test("ends the same, to the bit, after a crash between checkpoints, and keeps the base once", async () => {
    const [whole, died] = ["whole", "died"].map((end) => join(folder, `${name.replaceAll(/\W/g, "")}-${end}`)) as [string, string];
    const metrics = await trainSmoke(whole, { train, model: MODEL });
    await expect(trainSmoke(died, { train, model: MODEL }, { dieAt: 3 })).rejects.toThrow("the power went out");
    await trainSmoke(died, {}, { resume: true });
    const last = `checkpoints/step-${String(metrics.at(-1)!["step"]).padStart(6, "0")}`;
    const kept = ["adapter_model.safetensors", "optimizer.safetensors", "state.json", ...files].map((file) => `${last}/${file}`);
    for (const file of ["metrics.jsonl", ...kept, ...(train.kl ? ["reference/adapter_model.safetensors"] : [])]) {
      expect((await readFile(join(died, file))).equals(await readFile(join(whole, file))), file).toBe(true);
    }
    const weights = (await readdir(whole, { recursive: true })).filter((file) => file.endsWith("model.safetensors"));
    expect(weights.filter((file) => !file.endsWith("adapter_model.safetensors"))).toEqual([join("base", "model.safetensors")]);
    expect(tf.memory().numTensors).toBe(0);
    if (!train.kl) return;
    const drift = metrics.map((record) => Number(record["policy/reference_kl"])).filter((kl) => !Number.isNaN(kl));
    expect(Math.abs(drift[0]!)).toBeLessThan(1e-3);
    expect(Math.abs(drift.at(-1)!)).toBeGreaterThan(1e-5);
    expect(existsSync(join(whole, "reference/model.safetensors"))).toBe(false);
  });
});

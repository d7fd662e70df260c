import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResponseReward } from "@retool-ts/reward";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainSmoke } from "../../test/train-smoke.js";
import { trainRecipe } from "./train-recipe.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-session-"))));
afterAll(() => rm(folder, { recursive: true }));

test("a resumed run goes on with the backend that it began on, whatever would be chosen now", async () => {
  const train = { steps: 2, saveEvery: 1, promptsPerStep: 2, groupSize: 2 };
  await expect(trainSmoke(folder, { train }, { dieAt: 1 })).rejects.toThrow("the power went out");
  expect(tf.getBackend()).toBe("wasm");
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as { backend: string };
  expect(manifest.backend).toBe("wasm");
  await writeFile(file, JSON.stringify({ ...manifest, backend: "cpu" }));
  await trainSmoke(folder, {}, { resume: true });
  expect(tf.getBackend()).toBe("cpu");
});

test("the manifest names everything that one needs to run it again", async () => {
  const data = join(folder, "problems.jsonl");
  const text = '{"question": "1 + 1?", "answer": "2"}\n';
  await writeFile(data, text);
  const reward: ResponseReward = function ownReward() {
    return { score: 1, correct: true, prediction: undefined, parts: {} };
  };
  const run = join(folder, "manifest");
  const settings = {
    backend: "wasm",
    data: { test: { kind: "file", path: data } },
    budgets: { maxResponseTokens: 8 },
    train: { steps: 1, promptsPerStep: 1, groupSize: 2 },
  } as const;
  await trainRecipe({ run, preset: "smoke", settings, parts: { sft: false, rl: true }, reward });
  const manifest = JSON.parse(await readFile(join(run, "manifest.json"), "utf8")) as Record<string, unknown>;
  const sha256 = createHash("sha256").update("problems.jsonl\n").update(text).digest("hex");
  expect(manifest).toMatchObject({
    node: process.version,
    backend: "wasm",
    seed: 1,
    command: process.argv.slice(2),
    libraries: { "@tensorflow/tfjs-core": "4.22.0" },
    model: { base: null, tokenizer: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    datasets: [{ where: "data.test.path", path: data, sha256 }],
    functions: { reward: "ownReward" },
  });
  expect(manifest["cpu"]).toMatchObject({ cores: expect.any(Number) as number });
  if (existsSync(new URL("../../../../.git", import.meta.url))) expect(manifest["commit"]).toMatch(/^[0-9a-f]{40}$/);
});

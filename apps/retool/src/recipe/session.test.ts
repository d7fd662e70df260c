import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainSmoke } from "../../test/train-smoke.js";

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

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAdapterFolder, loadAdapter, loadModel } from "@retool-ts/policy/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterMetrics, QUIET, quietShell } from "../../test/quiet-shell.js";
import { exportCheckpoint } from "../commands/export-run.js";
import { loadConfig } from "../config/load-config.js";
import { runRecipe } from "./recipe.js";
import { withRun } from "./session.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-adapter-"))));
afterAll(() => rm(folder, { recursive: true }));

const SETTINGS = [
  "backend=wasm",
  "model.lora.rank=4",
  "model.lora.dropout=0.1",
  "optimizer.gradientCheckpointing=true",
  "sft.saveEvery=2",
  "train.saveEvery=2",
  "eval.problems=4",
];

/** Runs the smoke preset with an adapter; stops at a step where one is given. */
async function run(name: string, { resume = false, stopAt }: { readonly resume?: boolean; readonly stopAt?: number } = {}): Promise<void> {
  const controller = new AbortController();
  const config = await loadConfig({ preset: "smoke", set: SETTINGS });
  const request = { path: join(folder, name), resume, config, resumeWith: "again", reporter: QUIET, signal: controller.signal };
  await withRun(request, async (context, state) => {
    afterMetrics(context.run, ({ step }) => step === stopAt && controller.abort());
    await runRecipe(context, state, { sft: true, rl: true });
  });
}

const read = (...parts: string[]) => readFile(join(folder, ...parts));

describe("a run with an adapter", () => {
  test("keeps the base once and adapters as checkpoints", async () => {
    await run("whole");
    const checkpoint = join(folder, "whole/checkpoints/step-000013");
    expect((await readdir(checkpoint)).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "generation_config.json",
      "optimizer.safetensors",
      "state.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(JSON.parse((await read("whole/checkpoints/step-000013/adapter_config.json")).toString())).toMatchObject({
      base_model_name_or_path: "../../base",
      r: 4,
      lora_dropout: 0.1,
    });
    expect((await read("whole/base/model.safetensors")).length).toBeGreaterThan(
      (await read(checkpoint.slice(folder.length), "optimizer.safetensors")).length,
    );
  });

  test.each([3, 12])("interrupted at step %i and resumed, it ends as if it had never stopped", async (stopAt) => {
    const name = `stopped-${stopAt}`;
    await expect(run(name, { stopAt })).rejects.toMatchObject({ name: "AbortError" });
    await run(name, { resume: true });
    for (const file of [
      "metrics.jsonl",
      "base/model.safetensors",
      ...["adapter_model", "optimizer"].map((part) => `checkpoints/step-000013/${part}.safetensors`),
    ]) {
      expect((await read(name, file)).equals(await read("whole", file)), file).toBe(true);
    }
  });

  test("is exported as an adapter on its base, or merged", async () => {
    const context = quietShell();
    const checkpoint = join(folder, "whole");
    await exportCheckpoint({ model: checkpoint, output: join(folder, "adapter"), merge: false, dtype: "float32" }, context);
    await exportCheckpoint(
      { model: checkpoint, output: join(folder, "named"), merge: false, base: "owner/name", dtype: "float32" },
      context,
    );
    const { base_model_name_or_path: named } = JSON.parse((await read("named/adapter_config.json")).toString()) as Record<string, unknown>;
    expect(named).toBe("owner/name");
    expect(context.printed.at(-1)).toBe(`adapter of ${join(checkpoint, "checkpoints/step-000013")}: ${join(folder, "named")}`);
    await exportCheckpoint({ model: checkpoint, output: join(folder, "merged"), merge: true, dtype: "float32" }, context);
    await exportCheckpoint({ model: checkpoint, output: join(folder, "half"), merge: true, dtype: "bfloat16" }, context);
    expect(await isAdapterFolder(join(folder, "adapter"))).toBe(true);
    expect(
      (await read("adapter/adapter_model.safetensors")).equals(await read("whole/checkpoints/step-000013/adapter_model.safetensors")),
    ).toBe(true);
    const base = await loadModel(join(folder, "whole/base"));
    const [before, name] = [base.get("layers.0.down").dataSync().slice(), "layers.0.down"];
    await loadAdapter(join(folder, "adapter"), base);
    const [a, b] = ["A", "B"].map((matrix) => base.get(`${name}.lora${matrix}`));
    const [inputs, outputs] = base.get(name).shape as [number, number];
    const [left, right] = [a!.dataSync(), b!.dataSync()];
    for (const [out, digits] of [
      ["merged", 1e-6],
      ["half", 5e-3],
    ] as const) {
      const merged = await loadModel(join(folder, out));
      const values = merged.get(name).dataSync();
      let worst = 0;
      for (let i = 0; i < inputs; i++) {
        for (let o = 0; o < outputs; o++) {
          let sum = before[i * outputs + o]!;
          for (let r = 0; r < 4; r++) sum += (32 / 4) * left[i * 4 + r]! * right[r * outputs + o]!;
          worst = Math.max(worst, Math.abs(values[i * outputs + o]! - sum));
        }
      }
      expect(worst).toBeLessThan(digits);
      merged.dispose();
    }
    base.dispose();
    const again = exportCheckpoint({ model: checkpoint, output: join(folder, "merged"), merge: true, dtype: "float32" }, context);
    await expect(again).rejects.toThrow("a new or empty folder");
    const narrow = exportCheckpoint({ model: checkpoint, output: join(folder, "narrow"), merge: false, dtype: "float16" }, context);
    await expect(narrow).rejects.toThrow("--merge");
    expect(await readdir(folder)).not.toContain("narrow");
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QUIET } from "../../test/quiet-shell.js";
import { openRunFolder } from "@retool-ts/runs";
import { trainRecipe } from "./train-recipe.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-repeated-"))));
afterAll(() => rm(folder, { recursive: true }));

test("a problem that comes twice in a step, as from a small file, is sampled anew each time", async () => {
  const path = join(folder, "one.jsonl");
  const run = join(folder, "run");
  await writeFile(path, '{"question": "1 + 1", "answer": "2"}\n');
  const said: string[] = [];
  await trainRecipe({
    run,
    preset: "smoke",
    settings: {
      backend: "wasm",
      budgets: { maxResponseTokens: 16 },
      eval: { problems: 1 },
      data: { train: { kind: "file", path } },
      train: { steps: 1, promptsPerStep: 2, groupSize: 2, dynamicSampling: { maxRefills: 1 }, trajectoriesEvery: 1 },
    },
    parts: { sft: false, rl: true },
    reward: () => ({ score: 0, correct: false, prediction: undefined, parts: {} }), // no group teaches, so that there is a refill
    reporter: { ...QUIET, say: (line) => void said.push(line) },
  });
  const records = await (await openRunFolder(run)).readTrajectories(1);
  expect(new Set(records.map(({ problemId }) => problemId)).size).toBe(4);
  const texts = records.map(({ segments }) => segments.map(({ text }) => text).join(""));
  expect(new Set(texts).size).toBe(8);
  expect(said.filter((line) => line.includes("going on with"))).toEqual([]);
});

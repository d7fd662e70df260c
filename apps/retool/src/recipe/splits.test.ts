import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunFolder } from "@retool-ts/runs";
import { expect, test } from "vitest";
import { trainRecipe } from "./train-recipe.js";

test("along the way a run looks at validation problems, before and after at test problems", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-splits-run-"));
  const settings = { train: { steps: 2, evaluateEvery: 1 }, eval: { problems: 9, validationProblems: 5 } };
  await trainRecipe({ run: folder, preset: "smoke", parts: { sft: false, rl: true }, settings });
  const run = await openRunFolder(folder);
  expect(run.readMetrics().map((record) => record["eval/problems"])).toEqual([5, 5]);
  expect(Object.values(run.readSummary()!.phases).map(({ n }) => n)).toEqual([9, 9]);
  await rm(folder, { recursive: true });
});

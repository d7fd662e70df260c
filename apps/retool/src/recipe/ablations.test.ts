import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ColdStartStream } from "@retool-ts/train";
import { createEnvironment, type RecipeEnvironment } from "../setup/create-environment.js";
import { loadConfig } from "../config/load-config.js";
import { setUpModel, type LoadedModel } from "../setup/model-setup.js";
import { heldOutProblems } from "../setup/held-out-problems.js";
import { trainingProblems } from "../setup/problem-source.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { openRunFolder } from "@retool-ts/runs";
import { trainRecipe } from "./train-recipe.js";

/** Code that calls a function of the sandbox's "math" prelude. */
const HELPER = /(?<![\w.$])(?:gcd|lcm|powmod|isPrime|primes|factor|divisors|digits|range|sum|product|comb|perm|factorial)\s*\(/;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-ablations-"))));
afterAll(() => rm(folder, { recursive: true }));

async function withEnvironment(
  set: readonly string[],
  work: (environment: RecipeEnvironment, config: RecipeConfig, model: LoadedModel) => Promise<void>,
) {
  const config = await loadConfig({ preset: "smoke", set: ["backend=wasm", ...set] });
  const model = await setUpModel(config, null);
  const environment = await createEnvironment(config, model);
  try {
    await work(environment, config, model);
  } finally {
    await environment.close();
    model.dispose();
  }
}

test("wordings change what is asked and nothing else, in training and in the test set", async () => {
  const config = await loadConfig({
    preset: "smoke",
    set: ["data.test.kind=generated", "data.test.wordings=reordered", "data.train.kind=generated", "data.train.wordings=newWords"],
  });
  const usual = await loadConfig({ preset: "smoke", set: [] });
  const [unseen, seen] = [await heldOutProblems(config, 30), await heldOutProblems(usual, 30)];
  expect(unseen.map(({ id, answer }) => [id, answer])).toEqual(seen.map(({ id, answer }) => [id, answer]));
  expect(unseen.filter(({ question }, i) => question === seen[i]!.question)).toEqual([]);
  const [other, own] = [await trainingProblems(config), await trainingProblems(usual)];
  expect(other.problem(7)).toMatchObject({ id: own.problem(7).id, answer: own.problem(7).answer });
  expect(other.problem(7).question).not.toBe(own.problem(7).question);
});

test("a sandbox has its own functions unless told otherwise, and a cold start of plain snippets calls none", async () => {
  await withEnvironment([], async ({ sandbox }) => expect((await sandbox.run("gcd(4,6)")).feedback).toBe("2"));
  await withEnvironment(["sandbox.helpers=false", "sft.stages.0.snippets=plain"], async (environment, config, model) => {
    expect((await environment.sandbox.run("gcd(4,6)")).feedback).toContain("'gcd' is not defined");
    const { traceFormat, sandbox } = environment;
    const stage = config.sft.stages[0]!;
    const stream = new ColdStartStream({ seed: 1, stage, firstProblem: 0, environment, traceFormat, sandbox, tokenizer: model.tokenizer });
    const texts = (await stream.take(40)).map(({ tokenIds }) => model.tokenizer.decode(tokenIds));
    expect(texts.filter((text) => !text.includes("<code>") || HELPER.test(text))).toEqual([]);
    expect(stream.stats.rejected).toBe(0);
  });
});

test("a checkpoint stands at the end of each stage of the cold start", async () => {
  const run = join(folder, "stages");
  await trainRecipe({ run, preset: "smoke", settings: { backend: "wasm", eval: { problems: 2 } }, parts: { sft: true, rl: false } });
  expect((await (await openRunFolder(run)).checkpoints()).map(({ step }) => step)).toEqual([6, 10]);
});

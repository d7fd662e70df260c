import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openRunFolder } from "@retool-ts/runs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { registerCommands } from "../commands/index.js";
import { createProgram } from "../shell/command-line.js";
import { trainRecipe, type RecipeSettings } from "./train-recipe.js";

const PLUGIN = fileURLToPath(new URL("../../test/fixtures/own-parts.mjs", import.meta.url));
const SETTINGS = [
  "backend=wasm",
  "budgets.maxResponseTokens=24",
  "tools=[lookup]",
  "reward.function=even-length",
  "data.train={kind: plugin, name: stores, options: {owner: Ada}}",
  "data.test.name=stores",
  "train.steps=2",
  "train.promptsPerStep=3",
  "train.groupSize=4",
  "eval.problems=2",
];

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-plugin-"))));
afterAll(() => rm(folder, { recursive: true }));

async function command(...words: readonly string[]) {
  const shell = quietShell();
  await createProgram(shell, { quiet: true }, registerCommands).parseAsync([...words], { from: "user" });
  return shell;
}

/** A model with random weights to begin with. */
async function model(): Promise<string> {
  const run = join(folder, "sft");
  await trainRecipe({ run, preset: "smoke", settings: { backend: "wasm", eval: { problems: 2 } }, parts: { sft: true, rl: false } });
  return run;
}

test("a family of a plugin is generated, in cold starts and in the tokenizer's texts too", async () => {
  const run = join(folder, "own-family");
  const set = ["backend=wasm", "data.train.families=[twice]", "data.test.families=[twice, gcd]", "tokenizer.families=[twice, gcd]", "eval.problems=4", "train.steps=1", "budgets.maxResponseTokens=16"]; // prettier-ignore
  await command("quickstart", "--preset", "smoke", "--plugin", PLUGIN, "--output", run, ...set.flatMap((each) => ["--set", each]));
  const opened = await openRunFolder(run);
  const trained = await opened.readTrajectories(opened.readMetrics().at(-1)!["step"] as number);
  expect(new Set(trained.map(({ question }) => question.replace(/\d+/, "#")))).toEqual(new Set(["what is twice #"]));
  const tested = await opened.readTrajectories("final");
  expect(tested.map(({ family }) => family).sort()).toEqual(["gcd", "gcd", "twice", "twice"]);
  const { vocab } = (JSON.parse(await readFile(join((await opened.latestCheckpoint())!.path, "tokenizer.json"), "utf8")) as { model: { vocab: object } }).model; // prettier-ignore
  const isToken = (word: string) => Object.keys(vocab).some((token) => token.includes(word));
  expect([isToken("twice"), isToken("gcd"), isToken("prime")]).toEqual([true, true, false]);
  expect(opened.readMetrics().some(({ phase }) => phase === "sft")).toBe(true);
});

test("a family that nobody has is told, with those that there are", async () => {
  const load = command("quickstart", "--preset", "smoke", "--plugin", PLUGIN, "--output", join(folder, "no"), "--set", "data.train.families=[twise]"); // prettier-ignore
  await expect(load).rejects.toThrow(/names among multiply-add.*twice, found "twise"\. To mend it: write "twice"/s);
});

describe("retool train --plugin FILE", () => {
  test("trains with tools, reward, problems, loss and advantage of the module, and the run remembers it", async () => {
    const run = join(folder, "run");
    const own = ["functions.loss=reinforce", "functions.advantage=raw"].flatMap((set) => ["--set", set]);
    const from = await model();
    await command("train", from, "--plugin", PLUGIN, "--output", run, ...SETTINGS.flatMap((set) => ["--set", set]), ...own);
    const records = (await openRunFolder(run)).readMetrics();
    expect(records).toHaveLength(2);
    for (const record of records) {
      expect(record["own/tokens"]).toBe(1);
      expect(record["reward/part/even"]).toBe(record["reward/mean"]);
      expect(record["policy/trained_tokens"]).toBeGreaterThan(0); // the own advantage is never 0
    }
    const rollouts = await (await openRunFolder(run)).readTrajectories(2);
    expect(rollouts[0]!.question).toMatch(/^What is a in store \d of Ada\?$/);
    const final = await (await openRunFolder(run)).readTrajectories("final");
    expect(final.map(({ problemId }) => problemId)).toEqual(["test-0", "test-1"]);
    expect(await readFile(join(run, "config.yaml"), "utf8")).toContain(PLUGIN);
    const { openTools } = (await import(PLUGIN)) as { readonly openTools: () => number };
    expect(openTools()).toBe(0); // what was opened was closed

    const evaluated = await command("eval", run, "--json");
    expect(JSON.parse(evaluated.printed.join(""))).toMatchObject({ n: 2 });
  });

  test("an advantage of one's own learns from one rollout a prompt", async () => {
    const run = join(folder, "ones");
    const set = [...SETTINGS, "train.groupSize=1", "train.steps=1", "functions.advantage=raw"].flatMap((each) => ["--set", each]);
    await command("train", join(folder, "sft"), "--plugin", PLUGIN, "--output", run, ...set);
    expect((await openRunFolder(run)).readMetrics()).toMatchObject([{ "policy/trained_tokens": expect.any(Number) }]);
  });

  test.each([
    ["tools=[look-up]", /tools: expected one of the tools lookup, found look-up.*write "lookup"/s],
    ["reward.function=nothing", /reward\.function: expected one of the rewards even-length, found nothing/],
    ["data.train.name=store", /data\.train\.name: expected one of the problems stores, found store/],
    [
      "train.groupSize=1, functions.advantage=compared",
      /train\.groupSize: expected at least 2 with an advantage that needs groups, found 1/,
    ],
    ["functions.loss=hinge", /functions\.loss: expected one of the losses reinforce, found hinge/],
  ])("a name that no plugin has is told: %s", async (set, message) => {
    const words = ["train", join(folder, "sft"), "--plugin", PLUGIN, "--output", join(folder, "wrong")];
    await expect(command(...words, ...[...SETTINGS, ...set.split(", ")].flatMap((each) => ["--set", each]))).rejects.toThrow(message);
    await rm(join(folder, "wrong"), { recursive: true, force: true });
  });
});

test.each([
  ["nothing.mjs", undefined, /no such file/],
  ["broken.mjs", "export default {", /a module that can be imported/],
  ["empty.mjs", "export const tools = {};", /a plugin as default export, found undefined/],
  ["other.mjs", "export default { tool: {} };", /the keys tools, rewards, problems, families, losses, advantages, found tool/],
  ["null.mjs", "export default { rewards: null };", /parts by name as rewards, found null/],
  ["kind.mjs", "export default { rewards: { fair: 3 } };", /a function as rewards\.fair, found number/],
])("a module that is no plugin is told: %s", async (name, text, message) => {
  const file = join(folder, name);
  if (text !== undefined) await writeFile(file, text);
  const words = ["train", join(folder, "sft"), "--plugin", file, "--output", join(folder, `no-${name}`)];
  await expect(command(...words, "--set", "backend=wasm")).rejects.toThrow(message);
});

test("trainRecipe takes tools, problems and a reward of one's own", async () => {
  const asked: string[] = [];
  const settings: RecipeSettings = {
    backend: "wasm",
    budgets: { maxResponseTokens: 16 },
    train: { steps: 1, promptsPerStep: 2, groupSize: 2 },
  };
  const problem = (i: number) => ({ id: `p${i}`, question: `p${i}?`, answer: "1", source: "own", columns: { weight: i } });
  const summary = await trainRecipe({
    run: join(folder, "own"),
    preset: "smoke",
    settings,
    parts: { sft: false, rl: true },
    tools: [],
    problems: { train: [1, 2].map(problem), test: [3, 4, 5].map(problem) },
    reward: ({ problem: { id, columns }, trajectory }) => {
      asked.push(id);
      return { score: Number(columns!["weight"]), correct: true, parts: { tools: trajectory.toolCalls.length } };
    },
  });
  expect(summary.phases["final"]).toMatchObject({ n: 3, accuracy: 1 });
  expect(new Set(asked)).toEqual(new Set(["p1", "p2", "p3", "p4", "p5"]));
});

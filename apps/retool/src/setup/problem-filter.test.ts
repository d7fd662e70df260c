import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { trainRecipe } from "../index.js";
import { heldOutProblems } from "./held-out-problems.js";
import { trainingProblems } from "./problem-source.js";

let folder: string;
let run: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-filter-"));
  run = join(folder, "run");
  const train = { steps: 1, promptsPerStep: 3, groupSize: 2 };
  // A reward by which all but one problem is solved: what is measured depends on nothing else.
  const reward = ({ problem }: { readonly problem: { readonly question: string } }) => ({ score: 1, correct: problem.question !== "b" });
  const problems = ["a", "b", "c"].map((question) => ({ id: question, question, answer: "1", source: "own" }));
  const own = { train: { problem: (index: number) => problems[index % 3]! }, test: problems };
  const settings = { backend: "wasm", budgets: { maxResponseTokens: 8 }, eval: { problems: 2 }, train } as const;
  await trainRecipe({ run, preset: "smoke", settings, parts: { sft: false, rl: true }, reward, problems: own });
});
afterAll(() => rm(folder, { recursive: true }));

async function configWith(...set: readonly string[]) {
  return loadConfig({ preset: "smoke", set });
}

async function fileOf(questions: readonly string[]): Promise<string> {
  const path = join(folder, "rows.jsonl");
  await writeFile(path, questions.map((question) => `${JSON.stringify({ question, answer: "1" })}\n`).join(""));
  return path;
}

const rowsOf = async (questions: readonly string[], filter: object) => {
  const source = JSON.stringify({ kind: "file", path: await fileOf(questions), filter });
  return configWith(`data.train=${source}`, `data.test=${source}`);
};

const ROWS = ["a", "b", "c", "a longer question", "d"];

describe("rows of a file", () => {
  test("by length", async () => {
    const config = await rowsOf(ROWS, { minChars: 2 });
    expect((await heldOutProblems(config, 9)).map(({ question }) => question)).toEqual(["a longer question"]);
    const short = await rowsOf(ROWS, { maxChars: 1 });
    const said: string[] = [];
    const source = await trainingProblems(short, { say: (line) => void said.push(line) });
    const epoch = [0, 1, 2, 3].map((index) => source.problem(index).question);
    expect(epoch.sort()).toEqual(["a", "b", "c", "d"]);
    expect(said).toEqual([expect.stringMatching(/rows\.jsonl: 1 of 5 rows are left out by the filter\.$/)]);
  });

  test("by the share of recorded rollouts that are right; those without are kept or dropped", async () => {
    const solved = async (more: object) => {
      const config = await rowsOf(ROWS, { success: { from: [run], ...more } });
      return (await heldOutProblems(config, 9)).map(({ question }) => question);
    };
    expect(await solved({ min: 0.5 })).toEqual(["a", "c", "a longer question", "d"]);
    expect(await solved({ min: 0.5, unmeasured: "drop" })).toEqual(["a", "c"]);
    expect(await solved({ max: 0.5, unmeasured: "drop" })).toEqual(["b"]);
    expect(await solved({ max: 0.5, from: [join(run, "trajectories/final.jsonl.gz")] })).toEqual(["b", "c", "a longer question", "d"]);
  });

  test("what nothing passes, and rollouts that are not there, are told", async () => {
    const strict = await rowsOf(ROWS, { minChars: 100 });
    await expect(heldOutProblems(strict, 9)).rejects.toThrow("data.test.filter: expected problems that pass it, found none of 5");
    await expect(trainingProblems(strict)).rejects.toThrow("data.train.filter: expected problems that pass it, found none of 5");
    const nowhere = await rowsOf(ROWS, { success: { from: [join(folder, "nowhere")] } });
    await expect(heldOutProblems(nowhere, 9)).rejects.toThrow("nowhere");
  });
});

test("generated problems, held out and without end", async () => {
  const filter = JSON.stringify({ maxChars: 30 });
  const families = "data.test.families=[gcd,lcm]";
  const config = await configWith(`data.train.filter=${filter}`, `data.test.filter=${filter}`, families);
  await expect(heldOutProblems(await configWith(`data.test.filter=${filter}`), 40)).rejects.toThrow(
    /data\.test\.filter: expected 40 different.*name the families/s,
  );
  const lengths = (await heldOutProblems(config, 40)).map(({ question }) => question.length);
  expect(lengths).toHaveLength(40);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(30);
  const [kept, all] = [await trainingProblems(config), await trainingProblems(await configWith())];
  const passing = Array.from({ length: 400 }, (_, index) => all.problem(index)).filter(({ question }) => question.length <= 30);
  expect(passing.length).toBeGreaterThan(20);
  expect(passing.map((_, index) => kept.problem(index).id)).toEqual(passing.map(({ id }) => id));
});

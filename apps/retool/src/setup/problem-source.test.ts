import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../config/load-config.js";
import type { ProblemFilter } from "../config/problem-source-config.js";
import { RewardConfig } from "../config/reward-config.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUIET } from "../../test/quiet-shell.js";
import { trainRecipe } from "../index.js";
import { heldOutProblems, type ProblemsConfig } from "./held-out-problems.js";
import { fetchDatasets } from "./datasets-of-run.js";
import { recipeProblems, trainingProblems } from "./problem-source.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-problems-"))));
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(
  name: string,
  rows: readonly (readonly [question: string, answer: string])[],
  limit: number | null = null,
  filter: ProblemFilter | null = null,
) {
  const path = join(folder, name);
  await writeFile(path, rows.map(([question, answer]) => `${JSON.stringify({ question, answer })}\n`).join(""));
  return { kind: "file", path, columns: null, limit, filter } as const;
}

/** A config whose problems all come from one file. */
const configOf = (source: Awaited<ReturnType<typeof fileOf>>): ProblemsConfig => ({
  seed: 1,
  plugins: [],
  data: { train: source, test: source },
});

/** Questions of the first problems, and what was said. */
async function taken(config: Awaited<ReturnType<typeof fileOf>>, count: number) {
  const said: string[] = [];
  const source = await trainingProblems(configOf(config), { say: (line) => void said.push(line) });
  const problems = Array.from({ length: count }, (_, index) => source.problem(index));
  const ids = problems.map(({ id }) => id);
  return { problems: problems.map(({ question, answer }) => `${question}=${answer}`), ids, said };
}

const REPEATED = [["a", "1"], ["b", "2"], ["a", "1"], ["a", "3"], ["c", "1"], ["b", "2"], ["a", "1"]] as const; // prettier-ignore

describe("training problems of a file", () => {
  test("an epoch has each question with each answer once, and it is said how many rows repeat", async () => {
    const config = await fileOf("repeated.jsonl", REPEATED);
    const { problems, ids, said } = await taken(config, 8);
    const firstRows = (await heldOutProblems(configOf(config), 7)).filter((_, row) => [0, 1, 3, 4].includes(row));
    expect(new Set(ids)).toEqual(new Set(firstRows.map(({ id }) => id)));
    for (const epoch of [problems.slice(0, 4), problems.slice(4)]) expect([...epoch].sort()).toEqual(["a=1", "a=3", "b=2", "c=1"]);
    expect(said).toEqual([`${config.path}: 3 of 7 rows repeat an earlier one and are left out.`]);
  });

  test("the order is that of the same file without its repeats", async () => {
    const once = await taken(await fileOf("once.jsonl", [["a", "1"], ["b", "2"], ["a", "3"], ["c", "1"]]), 8); // prettier-ignore
    expect((await taken(await fileOf("again.jsonl", REPEATED), 8)).problems).toEqual(once.problems);
    expect(once.said).toEqual([]);
  });

  test("a limit counts the problems that are kept; held-out problems are taken as they stand", async () => {
    const config = await fileOf("limited.jsonl", REPEATED, 3);
    const { problems, said } = await taken(config, 3);
    expect([...problems].sort()).toEqual(["a=1", "a=3", "b=2"]);
    expect(said).toEqual([expect.stringContaining("1 of 4 rows")]);
    expect((await heldOutProblems(configOf(config), 9)).map(({ question }) => question)).toEqual(["a", "b", "a"]);
    expect((await heldOutProblems(configOf(config), 2)).map(({ question }) => question)).toEqual(["a", "b"]);
  });

  test("ids are all different, also where files of a folder have the same ones", async () => {
    const path = join(folder, "parts");
    await mkdir(path);
    for (const part of ["a", "b"]) await writeFile(join(path, `${part}.jsonl`), `{"id": "1", "question": "${part}", "answer": "1"}\n`);
    const config = { kind: "file", path, columns: null, limit: null, filter: null } as const;
    const { ids } = await taken(config, 2);
    expect([...ids].sort()).toEqual(["1", "1 (2)"]);
    expect((await heldOutProblems(configOf(config), 2)).map(({ id }) => id)).toEqual(["1", "1 (2)"]);
  });

  test("a run says so when it begins to train", async () => {
    const said: string[] = [];
    const { path } = await fileOf("run.jsonl", REPEATED);
    await trainRecipe({
      run: join(folder, "run"),
      preset: "smoke",
      settings: {
        backend: "wasm",
        budgets: { maxResponseTokens: 8 },
        eval: { problems: 2 },
        train: { steps: 1, promptsPerStep: 2, groupSize: 2 },
        data: { train: { kind: "file", path } },
      },
      parts: { sft: false, rl: true },
      reporter: { ...QUIET, say: (line) => void said.push(line) },
    });
    expect(said.filter((line) => line.startsWith(path))).toEqual([`${path}: 3 of 7 rows repeat an earlier one and are left out.`]);
  });
});

test("further sources are mixed in by their weights, from the config on", async () => {
  const { path } = await fileOf("mixed.jsonl", [["a", "1"], ["b", "2"]]); // prettier-ignore
  const set = [`data.train={path: ${path}}`, "data.mix=[{weight: 3, source: {families: [purchase, stock]}}]"];
  const config = await loadConfig({ preset: "smoke", set: ["backend=wasm", ...set] });
  const said: string[] = [];
  const { train, validation } = await recipeProblems(config, { parts: { rl: true }, reporter: { ...QUIET, say: (line) => void said.push(line) } }); // prettier-ignore
  const problems = Array.from({ length: 400 }, (_, index) => train.problem(index));
  const families = problems.map(({ family }) => family ?? "file");
  expect(new Set(families)).toEqual(new Set(["purchase", "stock", "file"]));
  expect(families.filter((family) => family === "file").length / 400).toBeCloseTo(0.25, 1); // standard error 2 %
  const alone = (await trainingProblems({ ...config, data: { ...config.data, mix: [] } })).problem(0);
  expect(problems.find(({ family }) => family === undefined)).toEqual(alone);
  expect(validation).toEqual([]);
  const missing = loadConfig({ preset: "smoke", set: ["data.mix=[{weight: 0, source: {}}]"] });
  await expect(missing).rejects.toThrow(/data\.mix\.0\.weight/);
  const absent = await loadConfig({ preset: "smoke", set: ["data.mix=[{weight: 1, source: {path: nowhere.jsonl}}]"] });
  await expect(fetchDatasets(absent, { sft: false, rl: true }, {})).rejects.toThrow(/data\.mix\.0\.source\.path/);
});

test("reference answers that no response can meet are counted and said before a run", async () => {
  const source = await fileOf("golds.jsonl", [["a", "so \\boxed{2}"], ["b", "\\foo{3}"], ["c", ""]]); // prettier-ignore
  const said: string[] = [];
  const reporter = { ...QUIET, say: (line: string) => void said.push(line) };
  const reward = RewardConfig.parse({ rule: "equivalence" });
  await heldOutProblems({ ...configOf(source), reward }, 9, { reporter });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^data\.test: [12] reference answers cannot be read by the rule equivalence/);
  await trainingProblems({ ...configOf(source), reward }, reporter);
  expect(said.at(-1)).toMatch(/^data\.train: /);
  await heldOutProblems({ ...configOf(source), reward: { ...reward, function: "own" } }, 9, { reporter });
  expect(said).toHaveLength(2);
});

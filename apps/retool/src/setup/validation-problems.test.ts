import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GeneratedProblem, Problem } from "@retool-ts/data";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { type OwnProblems, recipeProblems } from "./problem-source.js";

const PARTS = { parts: { rl: true } } as const;
const COUNTS = ["train.evaluateEvery=2", "eval.problems=40", "eval.validationProblems=25"];
const open = async (set: readonly string[], own?: OwnProblems) =>
  recipeProblems(await loadConfig({ preset: "smoke", set: [...COUNTS, ...set] }), { ...PARTS, own });
const keys = (problems: readonly Problem[]) => (problems as readonly GeneratedProblem[]).map(({ key }) => key);
const questions = (problems: readonly Problem[]) => problems.map(({ question }) => question);

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-validation-"));
  file = join(folder, "problems.jsonl");
  const rows = Array.from({ length: 60 }, (_, row) => JSON.stringify({ question: `What is ${row} + 1?`, answer: String(row + 1) }));
  await writeFile(file, rows.join("\n"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("validation problems", () => {
  test("generated ones are held out, are none of the test problems, and stay the same whatever the seed", async () => {
    const few = ['data.test.families=["digit-sum"]', "data.test.levelWeights=[1,0,0]", "eval.problems=60"];
    const { validation, test: tested } = await open(few);
    expect([validation.length, tested.length]).toEqual([25, 60]);
    expect(keys(validation).filter((key) => keys(tested).includes(key))).toEqual([]);
    expect(validation.every(({ id }) => id.startsWith("test-"))).toBe(true);
    expect(keys((await open([...few, "seed=9"])).validation)).toEqual(keys(validation));
  });

  test("another draw has other test and validation problems", async () => {
    const [one, other] = [await open([]), await open(["eval.draw=7"])];
    expect(keys(other.test)).not.toEqual(keys(one.test));
    expect(keys(other.validation)).not.toEqual(keys(one.validation));
  });

  test("a training file keeps a tenth of its rows out of training, the same ones for every seed", async () => {
    const files = [`data.train.path=${file}`, `data.test.path=${file}`];
    const { train, validation } = await open(files);
    const trained = new Set(Array.from({ length: 200 }, (_, index) => train.problem(index).question));
    expect(validation).toHaveLength(6);
    expect(trained.size).toBe(54);
    expect(questions(validation).filter((question) => trained.has(question))).toEqual([]);
    expect(questions((await open([...files, "seed=9"])).validation)).toEqual(questions(validation));
  });

  test("without evaluations along the way, all rows are trained on", async () => {
    const { train, validation } = await open([`data.train.path=${file}`, "train.evaluateEvery=null"]);
    expect(validation).toEqual([]);
    expect(new Set(Array.from({ length: 60 }, (_, index) => train.problem(index).question)).size).toBe(60);
  });

  test("a file of one's own, or the test problems themselves", async () => {
    expect(questions((await open([`data.validation.path=${file}`])).validation)).toHaveLength(25);
    const { validation, test: tested } = await open(["data.validation=test"]);
    expect(validation).toEqual(tested.slice(0, 25));
  });

  test("a caller's list keeps a tenth out of training, unless it brings validation problems", async () => {
    const list = Array.from({ length: 30 }, (_, i): Problem => ({ id: `p${i}`, question: `q${i}`, answer: "1", source: "own" }));
    const own = await open([], { train: list, test: list.slice(0, 2) });
    const trained = new Set(Array.from({ length: 90 }, (_, index) => own.train.problem(index).id));
    expect([own.validation.length, trained.size]).toEqual([3, 27]);
    expect(own.validation.some(({ id }) => trained.has(id))).toBe(false);
    const brought = await open([], { train: list, test: list.slice(0, 2), validation: list.slice(5, 6) });
    expect(brought.validation.map(({ id }) => id)).toEqual(["p5"]);
  });
});

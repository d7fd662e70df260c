import { describe, expect, test } from "vitest";
import { loadProblems } from "../src/node.js";
import { hasShared, needsShared, sharedPath } from "./shared.js";

describe.skipIf(!hasShared)(`public datasets${needsShared}`, () => {
  test.each([
    {
      folder: "aime",
      counts: {
        "aime24.jsonl": 30,
        "aime24_solutions.jsonl": 30,
        "aime24_verl.parquet": 30,
        "aime25.jsonl": 30,
        "aime25_verl.parquet": 30,
      },
    },
    {
      folder: "math",
      counts: {
        "amc23.jsonl": 40,
        "areal_sample_math.jsonl": 10,
        "math500.jsonl": 500,
        "math500_verl.parquet": 500,
        "olymmath_en_easy.jsonl": 100,
        "olymmath_en_hard.jsonl": 100,
      },
    },
    { folder: "gsm8k", counts: { "svamp.json": 1000, "test.jsonl": 1319, "train_first4000.jsonl": 4000 } },
  ])("$folder: every file, every row", async ({ folder, counts }) => {
    const problems = await loadProblems(sharedPath(folder));
    const found: Record<string, number> = {};
    for (const { source } of problems) found[source] = (found[source] ?? 0) + 1;
    expect(found).toEqual(counts);
    for (const { id, question, answer } of problems) {
      expect(question.length, id).toBeGreaterThan(10);
      expect(answer, id).toMatch(/\S/);
    }
  });

  test("AIME answers are integers, the same in each format", async () => {
    const answers = async (name: string) =>
      (await loadProblems(sharedPath(`aime/${name}`))).map((problem) => Number(problem.answer)).sort((a, b) => a - b);
    expect((await answers("aime24.jsonl")).every((answer) => Number.isInteger(answer) && answer < 1000)).toBe(true);
    expect(await answers("aime24_verl.parquet")).toEqual(await answers("aime24.jsonl"));
    expect(await answers("aime24_solutions.jsonl")).toEqual(await answers("aime24.jsonl"));
    expect(await answers("aime25_verl.parquet")).toEqual(await answers("aime25.jsonl"));
  });

  test("GSM8K and SVAMP answers are plain numbers; MATH has subject and level", async () => {
    for (const { id, answer } of await loadProblems(sharedPath("gsm8k"))) expect(answer, id).toMatch(/^-?\d+(\.\d+)?$/);
    const [math] = await loadProblems(sharedPath("math/math500.jsonl"), { limit: 1 });
    expect(math).toMatchObject({
      id: "test/precalculus/807.json",
      family: "Precalculus",
      level: 2,
      answer: "\\left( 3, \\frac{\\pi}{2} \\right)",
    });
    const [amc] = await loadProblems(sharedPath("math/amc23.jsonl"), { limit: 1 });
    expect(amc).toMatchObject({ id: "0", answer: "27" });
  });

  test("columns can be named", async () => {
    const columns = { question: ["Body", "Question"], answer: "Answer", id: "ID", family: "Type" };
    const [first] = await loadProblems(sharedPath("gsm8k/svamp.json"), { columns, limit: 1 });
    expect(first).toMatchObject({ id: "chal-1", answer: "51", family: "Subtraction" });
    expect(first!.question).toMatch(/on each pack How much do you have to pay/);
  });
});

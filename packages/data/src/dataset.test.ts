import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadProblems, streamProblems, streamRows } from "./dataset.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dataset-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function questionAndAnswer(row: object) {
  const [problem] = await loadProblems(await write("a.jsonl", JSON.stringify(row)));
  return [problem!.question, problem!.answer];
}

describe("columns", () => {
  test.each([
    { question: "Q", answer: "A" },
    { problem: "Q", answer: "A", url: "" },
    { Problem: "Q", Answer: "A" },
    { input: "Q", output: "A" },
    { prompt: "Q", label: "A" },
    {
      prompt: [
        { role: "system", content: "S" },
        { role: "user", content: "Q" },
      ],
      reward_model: { ground_truth: "A", style: "rule" },
    },
    { messages: [{ role: "user", content: "Q" }], answer: "A" },
  ])("are found in $0", async (row) => {
    expect(await questionAndAnswer(row)).toEqual(["Q", "A"]);
  });

  test("several make one question", async () => {
    expect(await questionAndAnswer({ Body: "B.", Question: "Q?", Answer: 4 })).toEqual(["B. Q?", "4"]);
    const row = { a: { b: "B" }, "c.d": "D", e: [1], f: { g: 7 }, question: "no", answer: "no" };
    const path = await write("b.jsonl", JSON.stringify(row));
    const columns = { question: ["a.b", "c.d"], answer: "f.g", id: "a.b" };
    expect(await loadProblems(path, { columns })).toEqual([{ id: "B", question: "B D", answer: "7", source: "b.jsonl", columns: row }]);
  });

  test.each([
    ["So 3 + 4 = <<3+4=7>>7.\n#### 1,234", "1234"],
    ["#### -1,234,567.5\n", "-1234567.5"],
    ["#### 7", "7"],
    ["so\n#### 7\n\n(checked)", "7"],
    ["#### Step 1\nAdd.\n#### Step 2\nIt is 7.", "#### Step 1\nAdd.\n#### Step 2\nIt is 7."],
    ["x #### (1, 2)", "(1, 2)"],
    ["1,234", "1,234"],
    ["27.0", "27.0"],
    [27, "27"],
    [0.5, "0.5"],
  ])("answer %j is %j", async (answer, expected) => {
    expect((await questionAndAnswer({ question: "Q", answer }))[1]).toBe(expected);
  });

  test("integers beyond 2⁵³ keep their digits, in answers and in the columns of the row", async () => {
    const row = '{"question": "What is 2^64-1?", "answer": 18446744073709551615, "seed": 9007199254740993, "n": 3}';
    for (const name of ["big.jsonl", "big.json"]) {
      const [problem] = await loadProblems(await write(name, name.endsWith("l") ? row : `[${row}]`));
      expect(problem).toMatchObject({ answer: "18446744073709551615", columns: { seed: "9007199254740993", n: 3 } });
    }
  });

  test("id, family and level are taken where they are", async () => {
    const rows = [
      { question: "Q", answer: "A", unique_id: "u", subject: "Algebra", level: 3 },
      { question: "Q", answer: "A", id: 0, level: "Level 5" },
      { question: "Q", answer: "A", extra_info: { index: 8, level: 2 } },
      { question: "Q", answer: "A", id: "u" },
      { question: "Q", answer: "A" },
    ];
    const problems = await loadProblems(await write("t.json", JSON.stringify(rows)));
    expect(problems.map(({ id, family, level }) => [id, family, level])).toEqual([
      ["u", "Algebra", 3],
      ["0", undefined, 5],
      ["8", undefined, 2],
      ["u#2", undefined, undefined],
      ["t.json:4", undefined, undefined],
    ]);
    expect(problems[4]).not.toHaveProperty("metadata");
  });
});

describe("files", () => {
  test("Parquet rows are the JSON rows", async () => {
    const columnData = [
      {
        name: "prompt",
        data: [[{ role: "user", content: "Q0" }], [{ role: "user", content: "Q1" }], [{ role: "user", content: "Q2" }]],
        type: "JSON" as const,
      },
      { name: "label", data: ["A0", "A1", "A2"] },
      { name: "n", data: [1n, null, 2n ** 60n], type: "INT64" as const },
    ];
    const path = await write("p.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 })));
    const problems = await loadProblems(path);
    expect(problems.map(({ question, answer, id }) => [question, answer, id])).toEqual([
      ["Q0", "A0", "p.parquet:0"],
      ["Q1", "A1", "p.parquet:1"],
      ["Q2", "A2", "p.parquet:2"],
    ]);
    expect(problems.map(({ columns }) => columns?.["n"])).toEqual([1, null, String(2n ** 60n)]);
    const kept: (readonly string[] | undefined)[] = [];
    for await (const row of streamRows(path)) kept.push(row.kept);
    expect(kept).toEqual([undefined, undefined, [String(2n ** 60n)]]);
  });

  test("a struct of Parquet has the fields of its own row, JSON keeps its nulls", async () => {
    const text = (name: string) => ({ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" }) as const;
    const schema = [
      { name: "root", num_children: 3 },
      text("question"),
      { name: "call", num_children: 2, repetition_type: "OPTIONAL" },
      text("query"),
      text("code"),
      { name: "extra", type: "BYTE_ARRAY", converted_type: "JSON", repetition_type: "OPTIONAL" },
    ] as const;
    const columnData = [
      { name: "question", data: ["a", "b"] },
      { name: "call", data: [{ query: "x" }, { code: "1+1" }] },
      { name: "extra", data: [{ n: null }, { n: 1 }] },
    ];
    const path = await write("structs.parquet", new Uint8Array(parquetWriteBuffer({ schema: [...schema], columnData })));
    const rows: unknown[] = [];
    for await (const { value } of streamRows(path)) rows.push(value);
    expect(rows).toEqual([
      { question: "a", call: { query: "x" }, extra: { n: null } },
      { question: "b", call: { code: "1+1" }, extra: { n: 1 } },
    ]);
  });

  test("a folder is its files by name, each with its own columns; the limit counts over all", async () => {
    await write("b.jsonl", '\ufeff{"problem": "Q2", "answer": "A"}\r\n\r\n{"problem": "Q3\u2028", "answer": "A"}\n');
    await write("a.json", '[{"question": "Q0", "answer": 1}, {"question": "Q1", "answer": 2}]');
    await write("notes.txt", "");
    expect((await loadProblems(folder)).map((problem) => problem.question)).toEqual(["Q0", "Q1", "Q2", "Q3"]);
    expect((await loadProblems(folder, { limit: 3 })).map((problem) => problem.source)).toEqual(["a.json", "a.json", "b.jsonl"]);
    expect(await loadProblems(folder, { limit: 0 })).toEqual([]);
  });

  test("reading stops where the reader stops", async () => {
    const path = await write("a.jsonl", '{"question": "Q0", "answer": 1}\nbroken');
    for await (const problem of streamProblems(path)) {
      expect(problem.question).toBe("Q0");
      break;
    }
    expect(await loadProblems(path, { limit: 1 })).toHaveLength(1);
  });
});

describe("mistakes are named with place and remedy", () => {
  async function messageOf(name: string, content?: string | Uint8Array, options = {}): Promise<string> {
    const path = content === undefined ? join(folder, name) : await write(name, content);
    const error: unknown = await loadProblems(path, options).catch((caught: unknown) => caught);
    return (error as Error).message.replaceAll(folder, "F");
  }
  const good = '{"question": "Q", "answer": "A"}\n';

  test("missing files", async () => {
    await write("train.jsonl", good);
    await write("val.jsonl", good);
    expect(await messageOf("trian.jsonl")).toBe(
      "dataset: F/trian.jsonl: expected a file or folder, found none. To mend it: check the path; did you mean F/train.jsonl.",
    );
    expect(await messageOf("no/a.jsonl")).toMatch("check the path; there is no folder F/no.");
    await mkdir(join(folder, "empty"));
    expect(await messageOf("empty/a.jsonl")).toMatch("check the path; F/empty holds no dataset.");
    expect(await messageOf("empty")).toBe(
      "dataset: F/empty: expected files ending in .jsonl, .ndjson, .json, .parquet, found none. To mend it: give another folder.",
    );
  });

  test("unknown extensions", async () => {
    expect(await messageOf("a.csv", "")).toBe(
      "dataset: F/a.csv: expected a file ending in .jsonl, .ndjson, .json, .parquet, found .csv. To mend it: convert the file, or name it by what it holds.",
    );
    expect(await messageOf("a", "")).toMatch("found no extension.");
  });

  test("lines that are not JSON objects", async () => {
    expect(await messageOf("a.jsonl", `${good}\n{"question": `)).toMatch(
      /^dataset: F\/a\.jsonl: line 3: expected JSON, found .+ To mend it: correct or remove the line; every line must be one whole JSON object\.$/,
    );
    expect(await messageOf("a.jsonl", `${good}[1]`)).toBe(
      'dataset: F/a.jsonl: line 2: expected an object with columns, found a list. To mend it: write the row as {"question": ..., "answer": ...}.',
    );
    expect(await messageOf("a.json", `[${good}, 5]`)).toMatch("dataset: F/a.json: row 2: expected an object with columns, found a number.");
    expect(await messageOf("a.json", good)).toMatch("dataset: F/a.json: expected a list of objects, found one object.");
    expect(await messageOf("a.json", good + good)).toMatch("To mend it: correct the file; if it has one object a line, name it .jsonl.");
    expect(await messageOf("a.parquet", "not parquet at all")).toMatch(
      /^dataset: F\/a\.parquet: expected a Parquet file, found .+ To mend it: download or write the file again\.$/,
    );
  });

  test("missing columns, with those found", async () => {
    const row = JSON.stringify({ text: "Q", gold: null, info: { index: 1, split: null } });
    expect(await messageOf("a.jsonl", row)).toBe(
      'dataset: F/a.jsonl: line 1: expected columns with a question and its answer, found columns text, gold (null), info.index, info.split (null). To mend it: name them with columns: { question: "...", answer: "..." }.',
    );
    expect(await messageOf("a.jsonl", row, { columns: { answer: "info.gold" } })).toMatch(
      "expected column info.gold, found columns text, gold (null)",
    );
    expect(await messageOf("a.jsonl", `${good}{"question": "Q"}`)).toMatch("line 2: expected column answer, found columns question.");
    expect(await messageOf("a.jsonl", "{}")).toMatch("found columns none.");
  });

  test("wrong types", async () => {
    expect(await messageOf("a.jsonl", '{"question": 5, "answer": "A"}')).toBe(
      "dataset: F/a.jsonl: line 1, column question: expected text or a list of messages with a user's, found a number. To mend it: correct the row, or name another column with the option columns.",
    );
    expect(await messageOf("a.jsonl", '{"question": "Q", "answer": [1, 2]}')).toMatch(
      "column answer: expected text or a number, found a list of 2.",
    );
    expect(await messageOf("a.jsonl", '{"messages": [{"role": "assistant", "content": "Q"}], "answer": {}}')).toMatch(
      "column messages: expected text or a list of messages",
    );
  });

  test("no rows, and a senseless limit", async () => {
    for (const [name, content] of [
      ["a.jsonl", "\n\n"],
      ["a.json", "[]"],
    ] as const) {
      expect(await messageOf(name, content)).toBe(
        `dataset: F/${name}: expected at least one row, found none. To mend it: give a file with problems.`,
      );
    }
    expect(await messageOf("a.jsonl", good, { limit: -1 })).toBe(
      "dataset: limit: expected a number of problems, found -1. To mend it: set it to 0 or more.",
    );
  });
});

test("streamRows gives rows as they are, of every file of a folder", async () => {
  await write("a.jsonl", '{"x":1}\n\n{"y":[2]}\n');
  await write("b.json", '[{"z":null}]');
  const rows: unknown[] = [];
  for await (const { value, where } of streamRows(folder)) rows.push([value, where.slice(folder.length + 1)]);
  expect(rows).toEqual([
    [{ x: 1 }, "a.jsonl: line 1"],
    [{ y: [2] }, "a.jsonl: line 3"],
    [{ z: null }, "b.json: row 1"],
  ]);
});

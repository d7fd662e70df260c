import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { registerCommands } from "./index.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-splits-"))));
afterAll(() => rm(folder, { recursive: true }));

async function retool(...words: readonly string[]): Promise<string> {
  const printed: string[] = [];
  const context = quietShell({ print: (text) => void printed.push(text) });
  await createProgram(context, { quiet: true }, registerCommands).parseAsync(["data", ...words], { from: "user" });
  return printed.join("\n");
}

async function write(name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

const conversation = (question: string) => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: "<answer>1</answer>" },
  ],
});
const LONG = "A farmer has many fields, and on each of them he grows as many trees as there are days in a week: how many?";

describe("retool data splits", () => {
  test("nothing that is learned from is held out among generated problems; the shared ones of files are counted", async () => {
    const clean = JSON.parse(await retool("splits", "--preset", "smoke", "--set", "train.evaluateEvery=1", "--json"));
    expect(clean.learned.map(({ name }: { name: string }) => name)).toEqual(["SFT clean", "SFT imperfect", "RL"]);
    const drawn = [6 * 8, 4 * 8, 3 * 2]; // of which few are drawn twice
    clean.learned.forEach(({ problems }: { problems: number }, i: number) => {
      expect(problems).toBeLessThanOrEqual(drawn[i]!);
      expect(problems).toBeGreaterThan(0.8 * drawn[i]!);
    });
    for (const { validation, test: tested } of clean.learned)
      expect([validation, tested]).toEqual([
        { same: 0, alike: 0 },
        { same: 0, alike: 0 },
      ]);
    expect([clean.validation, clean.test, clean.validationInTest]).toEqual([20, 20, { same: 0, alike: 0 }]);
    const rows = [1, 2, 3].map((n) => ({ question: `What is ${n} + ${n}?`, answer: String(2 * n) }));
    const file = await write("same.jsonl", rows);
    const set = ["--set", `data.train.path=${file}`, "--set", `data.test.path=${file}`, "--set", "data.validation=test", "--set", "train.evaluateEvery=1"]; // prettier-ignore
    const shared = JSON.parse(await retool("splits", "--preset", "smoke", ...set, "--json"));
    expect(shared.learned.at(-1)).toEqual({ name: "RL", problems: 3, validation: { same: 3, alike: 0 }, test: { same: 3, alike: 0 } });
    expect(await retool("splits", "--preset", "smoke", ...set)).toMatch(/RL +3 +3 and 0 +3 and 0/);
  });
});

describe("retool data stats --against", () => {
  test("counts questions that are in the rows word for word or nearly, and shows them", async () => {
    const rows = await write("sft.jsonl", [conversation("What is 2+2?"), conversation(LONG), conversation("*user question:*\nOdd one")]);
    const test1 = await write("test.jsonl", [
      { question: "what is 2 + 2", answer: "4" },
      { question: `${LONG.slice(0, -10)} in all of them?`, answer: "7" },
      { question: "What is 3+3?", answer: "6" },
      { question: "odd one!", answer: "1" },
    ]);
    expect(JSON.parse(await retool("stats", rows, "--against", test1, "--json")).overlaps).toMatchObject([
      { questions: 4, same: 2, alike: 1 },
    ]);
    expect(await retool("stats", rows, "--against", test1)).toContain("of 4 questions, 2 are among the rows' word for word, and 1 more");
  });
});

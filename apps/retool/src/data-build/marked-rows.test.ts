import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { useBuildFolder } from "./build-folder.test-support.js";

const { build, jsonl, report, state, out } = useBuildFolder();

const PEARS = {
  question: "Six trees bear 4 pears each. Ten pears are eaten. How many are left?",
  answer: "They bear 6*4 = <<6*4=24>>24 pears.\nThen 24 - 10 = <<24-10=14>>14 are left.\n#### 14",
};

async function convert(rows: readonly object[], ...words: readonly string[]): Promise<void> {
  const from = join(state.folder, "solved.jsonl");
  await writeFile(from, rows.map((row) => JSON.stringify(row)).join("\n"));
  await build(from, ...words);
}

describe("data build --marks", () => {
  test("code: the steps are run, and what came out stands behind them", async () => {
    await convert([PEARS], "--marks", "code");
    const [row] = await jsonl();
    expect(row!.messages[0]!.content).toMatch(/write JavaScript between <code>[\s\S]+\*user question:\*\nSix trees/);
    expect(row!.messages[1]!.content).toBe(
      "They bear <code>6*4</code>\n<interpreter>\n24\n</interpreter>\n\npears.\n" +
        "Then <code>24-10</code>\n<interpreter>\n14\n</interpreter>\n\nare left.\n<answer>\\boxed{14}</answer>",
    );
    expect(await report()).toEqual({ rows: 1, kept: 1, rejected: {}, marks: "code", steps: 2 });
    expect(state.printed[0]).toBe(`1 of 1 rows with 2 steps written to ${out()}`);
  });

  test("text: the same steps with their results, and no word of code", async () => {
    await convert([PEARS], "--marks", "text");
    const [row] = await jsonl();
    expect(row!.messages[0]!.content).not.toContain("code");
    expect(row!.messages[0]!.content).toMatch(/\*user question:\*\nSix trees/);
    expect(row!.messages[1]!.content).toBe("They bear 6*4 = 24 pears.\nThen 24 - 10 = 14 are left.\n<answer>\\boxed{14}</answer>");
  });

  test("hermes: tool calls, their results, the answer", async () => {
    await convert([PEARS], "--marks", "code", "--format", "hermes");
    const [row] = await jsonl();
    expect(row!.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant", "tool", "assistant"]);
    expect(row!.messages[1]!.tool_calls).toEqual([
      { type: "function", function: { name: "code_interpreter", arguments: { code: "6*4" } } },
    ]);
    expect(row!.messages[4]!.content).toBe("14");
  });

  test.each([
    ["noMarks", "Fourteen.\n#### 14"],
    ["noAnswer", "<<6*4=24>>"],
    ["notArithmetic", "<<six*4=24>>\n#### 24"],
    ["codeFailed", "<<6*(4=24>>\n#### 24"],
    ["outputDiffers", "<<6*4=25>>\n<<25-10=15>>\n#### 15"],
    ["outputDiffers", "<<10/3=3.33>>\n#### 3.33"],
    ["wrongAnswer", "<<6*4=24>>\n#### 14"],
  ])("leaves out and counts: %s %#", async (reason, answer) => {
    for (const form of ["code", "text"]) {
      await convert([{ ...PEARS, answer }, PEARS], "--marks", form);
      expect(await jsonl()).toHaveLength(1);
      expect(await report()).toMatchObject({ rows: 2, kept: 1, rejected: { [reason]: 1 } });
      expect(await jsonl("sft.rejected.jsonl")).toMatchObject([{ reason, where: expect.stringMatching(/solved\.jsonl: line 1$/) }]);
    }
  });

  test("the same command gives the same bytes; --limit takes the first rows", async () => {
    const rows = [PEARS, { question: "One and one?", answer: "<<1+1=2>>\n#### 2" }];
    await convert(rows, "--marks", "code");
    const text = await readFile(out(), "utf8");
    await convert(rows, "--marks", "code");
    expect(await readFile(out(), "utf8")).toBe(text);
    await convert(rows, "--marks", "code", "--limit", "1");
    expect(await readFile(out(), "utf8")).toBe(text.slice(0, text.indexOf("\n") + 1));
  });

  test("mistakes are told", async () => {
    await expect(convert([PEARS], "--marks", "code", "--language", "python")).rejects.toThrow(
      "--language: expected javascript with --marks",
    );
    await expect(build("--tasks", "3", "--marks", "code")).rejects.toThrow("FILE: expected a file with marks");
    await expect(convert([{ question: "1+1?" }], "--marks", "code")).rejects.toThrow(
      "line 1: expected text in a column answer, found none",
    );
  });
});

const repository = resolve(import.meta.dirname, "../../../..");
const gsm8k = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared", "data/gsm8k/train_first4000.jsonl");

// Python evaluates the marks of the first 3,000 rows by itself: 156 end in something else than the answer, 43 have
// no marks, and one has a division that rounds down.
test.skipIf(!existsSync(gsm8k))("GSM8K: as many rows as Python finds right (set RETOOL_SHARED)", { timeout: 120_000 }, async () => {
  await build(gsm8k, "--marks", "code", "--limit", "3000");
  expect(await report()).toMatchObject({ rows: 3_000, kept: 2_800, rejected: { wrongAnswer: 156, noMarks: 43, notArithmetic: 1 } });
});

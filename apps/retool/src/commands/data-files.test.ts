import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { registerCommands } from "./index.js";
import { createReporter } from "../shell/log.js";

let folder: string;
let printed: string[];
let said: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-data-"));
  printed = [];
  said = "";
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs `retool data …`. */
async function retool(...words: readonly string[]): Promise<void> {
  const flag = { quiet: false };
  const reporter = createReporter({
    stream: { isTTY: false, columns: 80, write: (text: string) => ((said += text), true) },
    quiet: () => flag.quiet,
  });
  const context = quietShell({ reporter, print: (text) => void printed.push(text) });
  await createProgram(context, flag, registerCommands).parseAsync(["data", ...words], { from: "user" });
}

const question = "Instructions.\n\n*user question:*\n6 * 7?";
const row = (response: string) =>
  JSON.stringify({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: response },
    ],
  });
const good = row("Let me see.\n<code>\n6 * 7\n</code>\n<interpreter>\n42\n</interpreter>\n<answer>42</answer>");

async function write(...lines: readonly string[]): Promise<string> {
  const path = join(folder, "in.jsonl");
  await writeFile(path, lines.join("\n"));
  return path;
}

describe("retool data convert", () => {
  test("writes the rows that convert, and names the others with their line", async () => {
    const out = join(folder, "new/out.jsonl");
    await retool("convert", await write(good, row("no answer"), good), "--output", out, "--dialect", "hermes");
    const lines = (await readFile(out, "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { messages: { role: string }[] }).messages.map(({ role }) => role))).toEqual([
      ["user", "assistant", "tool", "assistant"],
      ["user", "assistant", "tool", "assistant"],
    ]);
    expect(printed).toEqual([`2 of 3 rows written to ${out}, 1 refused`]);
    expect(said).toContain("in.jsonl: line 2: expected <answer>, found none");
  });

  test("--quiet names no rows", async () => {
    await retool("convert", await write(good, row("no answer")), "--output", join(folder, "out.jsonl"), "--dialect", "xml", "--quiet");
    expect(said).toBe("");
    expect(printed).toHaveLength(1);
  });

  test("a file without a row that converts is refused, and nothing is written", async () => {
    const out = join(folder, "out.jsonl");
    await expect(retool("convert", await write(row("no answer")), "--output", out, "--dialect", "xml")).rejects.toThrow(
      "expected rows of ReTool-SFT",
    );
    await expect(readFile(out)).rejects.toThrow("ENOENT");
  });
});

describe("retool data stats", () => {
  test("measures both dialects, and what was not converted", async () => {
    const text = row("It is <answer>42</answer>");
    const input = await write(good, text);
    const out = join(folder, "out.jsonl");
    await retool("convert", input, "--output", out, "--dialect", "hermes");
    printed = [];
    for (const file of [input, out]) await retool("stats", file, "--json");
    const [before, after] = printed.map((json) => JSON.parse(json) as Record<string, number>);
    expect(before).toMatchObject({ unit: "characters", rows: 2, codeShare: 0.5, calls: { mean: 0.5, max: 1 }, codeLines: { mean: 1 } });
    expect(after).toMatchObject({ rows: 2, codeShare: 0.5, calls: { mean: 0.5 }, promptLength: { mean: "6 * 7?".length } });
  });

  test("tool output and prompts are not learned", async () => {
    await retool("stats", await write(good));
    const own = "Let me see.\n<code>\n6 * 7\n</code><answer>42</answer>".length;
    const environment = "\n<interpreter>\n42\n</interpreter>\n".length;
    const share = ((100 * own) / (question.length + own + environment)).toFixed(1);
    expect(printed.at(-1)).toBe(`${share} % of all characters are learned; prompts and tool output are masked`);
    expect(printed[0]).toMatch(/1 rows .*\n.*\n.*prompt, characters/);
  });

  test("a row without messages is refused with its line", async () => {
    await expect(retool("stats", await write(good, '{"question":"Q"}'))).rejects.toThrow("in.jsonl: line 2: expected a column messages");
  });
});

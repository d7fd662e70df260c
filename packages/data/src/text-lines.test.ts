import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadProblems } from "./dataset.js";
import { textLines } from "./text-lines.js";

async function linesOf(pieces: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of textLines(pieces)) lines.push(line);
  return lines;
}

test("lines are the same however the text is cut", async () => {
  const characters = fc.array(fc.constantFrom("a", "\n", "\r", "\u2028", "\u2029", "\u0085", "\f", "é"), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(characters, fc.array(fc.nat({ max: 20 }), { maxLength: 6 }), async (text, cuts) => {
      const whole = text.join("");
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((end, i) => whole.slice(at[i], end));
      const expected = whole.split(/\r\n|\n|\r/);
      if (expected.at(-1) === "") expected.pop();
      expect(await linesOf(pieces)).toEqual(expected);
    }),
  );
});

test("rows with line separators of Unicode are one row each, on every Node", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-lines-"));
  try {
    const rows = ["first\u2028second: 2+3", "a\u2029b\u0085c"].map((question) => ({ question, answer: "5" }));
    const file = join(folder, "rows.jsonl");
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\r\n"));
    expect((await loadProblems(file)).map(({ question }) => question)).toEqual(rows.map(({ question }) => question));
  } finally {
    await rm(folder, { recursive: true });
  }
});

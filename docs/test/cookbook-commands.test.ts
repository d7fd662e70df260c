import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const program = join(root, "apps/retool/dist/cli.js");
const page = readFileSync(join(root, "docs/guide/cookbook.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "cookbook-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The size at which everything runs in seconds. */
const smaller = (text: string) => text.replaceAll("tiny", "smoke");

// Files that the page shows with their name in the first line.
for (const [, text, name] of page.matchAll(/^```yaml\n(# ([\w-]+\.yaml)\n.*?)^```$/gms)) writeFileSync(join(folder, name!), smaller(text!));

const blocks = [...page.matchAll(/^```sh run\n(.*?)^```$/gms)].map(([, text]) => text!.trim().split("\n"));

/** The words of a command line; a text in double quotes is one. */
function wordsOf(line: string): string[] {
  const [command, ...words] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  expect(command).toBe("retool");
  return words;
}

test("the page has commands to run, and the program is built", () => {
  expect(blocks.length).toBeGreaterThan(2);
  expect(existsSync(program), "npm run build").toBe(true);
});

test.each(blocks.map((lines) => [lines[0]!, lines] as const))("%s …", { timeout: 240_000 }, async (_, lines) => {
  for (const line of lines) {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...wordsOf(smaller(line))], { cwd: folder });
    expect(`${stdout}${stderr}`.trim(), line).not.toBe("");
  }
});

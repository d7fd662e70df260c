import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/guide/gsm8k.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "gsm8k-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the config of the page has no mistake", async () => {
  const [, text] = /^```yaml\n(# gsm8k\.yaml\n.*?)^```$/ms.exec(page)!;
  writeFileSync(join(folder, "gsm8k.yaml"), text!);
  const words = [join(root, "apps/retool/dist/cli.js"), "config", "check", "gsm8k.yaml"];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: folder });
  expect(stdout).toContain("gsm8k.yaml: no mistake found");
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { verifyFile, verifyRow } from "./verify-run.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-verify-"))));
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["\\frac{1}{2}", "so the answer is \\boxed{0.5}.", "equivalence", "correct"],
  ["\\frac{1}{2}", "1/2", "equivalence", "correct"],
  ["\\boxed{12}", "12", "equivalence", "correct"],
  ["2^{100}", "\\boxed{2^{100}+1}", "equivalence", "wrong"],
  ["7", "", "equivalence", "wrong"],
  ["7", "The steps are long.\nFirst 3 and then 4 make 7", "equivalence", "correct"],
  ["7", `a ${"long ".repeat(60)} text that names 7 and ends with 8`, "equivalence", "wrong"],
  ["42", "\\boxed{42}", "math-dapo-strict", "correct"],
  ["42", "\\boxed{ 42 }", "math-dapo-strict", "wrong"],
  ["42", "Answer: 42", "math-dapo-minerva", "correct"],
  ["42", "so \\boxed{ 042 }", "boxed-exact", "correct"],
  ["42", "42", "boxed-exact", "wrong"],
  ["We get $x=\\boxed{42}$.", "\\boxed{42}", "boxed-exact", "correct"],
  ["40", "<think>\\boxed{40}</think> The answer is 41.", "equivalence", "wrong"],
  ["68", "Final Answer: The largest $n$ is 68.", "equivalence", "correct"],
] as const)("gold %s, prediction %s by %s: %s", (gold, prediction, rule, verdict) => {
  const verified = verifyRow(gold, prediction, rule);
  expect(verified.verdict).toBe(verdict);
  expect(verified.score).toBe(verdict === "correct" ? 1 : -1);
  expect(verified.reason).not.toBe("");
});

test.each([
  ["42", "\\boxed{41}", "math-dapo-strict", "41", '"41" is not "42" under the rule'],
  ["42", "no box", "math-dapo-strict", null, "no answer found"],
  ["x+1", "Therefore it holds that the result is: $x+1$", "equivalence", "x+1", ""],
  ["\\frac{1}{2}", "we find that one has $\\frac{1}{2}$", "equivalence", "\\frac{1}{2}", ""],
] as const)("gold %s, prediction %s by %s: %s was compared", (gold, prediction, rule, extracted, reason) => {
  const verified = verifyRow(gold, prediction, rule);
  expect(verified.extracted).toBe(extracted);
  expect(verified.reason).toContain(reason);
});

test("a file is judged row by row, keeps its other fields, and a bad line is named", async () => {
  const context = quietShell();
  const file = join(folder, "rows.jsonl");
  await writeFile(file, '{"id": 1, "gold": 12, "prediction": "\\\\boxed{12}"}\n\n{"gold": "3", "prediction": "4"}\n');
  await verifyFile(file, { rule: "equivalence", json: true }, context);
  expect(context.printed.map((line) => JSON.parse(line) as object)).toMatchObject([
    { id: 1, verdict: "correct", extracted: "12", score: 1 },
    { verdict: "wrong", score: -1 },
  ]);
  await writeFile(
    file,
    '{"gold": 9007199254740993, "prediction": "9007199254740992"}\n{"gold": 12345678901234567890, "prediction": "12345678901234567890", "note": "a\u2028b"}\n',
  );
  const exact = quietShell();
  await verifyFile(file, { rule: "equivalence", json: true }, exact);
  expect(exact.printed.map((line) => JSON.parse(line) as object)).toMatchObject([
    { verdict: "wrong" },
    { verdict: "correct", note: "a\u2028b" },
  ]);
  await writeFile(file, '{"gold": "3", "prediction": "4"}\n{"gold": "3"}\n');
  await expect(verifyFile(file, { rule: "equivalence", json: true }, context)).rejects.toThrow(/line 2: expected an object.*prediction/);
  await expect(verifyFile(join(folder, "absent"), { rule: "equivalence", json: true }, context)).rejects.toThrow("no such file");
});

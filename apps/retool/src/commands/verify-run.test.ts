import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OutcomeRule, REWARD_RULES } from "@retool-ts/reward";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUIET, quietShell } from "../../test/quiet-shell.js";
import { createReward, RewardConfig } from "../config/reward-config.js";
import { createVerifier, verifyFile } from "./verify-run.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-verify-"))));
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["\\frac{1}{2}", "so the answer is \\boxed{0.5}.", "equivalence", "correct"],
  ["\\frac{1}{2}", "1/2", "equivalence", "correct"],
  ["\\boxed{12}", "12", "equivalence", "correct"],
  ["2^{100}", "\\boxed{2^{100}+1}", "equivalence", "wrong"],
  ["7", "", "equivalence", "wrong"],
  ["6", "First \\boxed{6}. Then, again, \\boxed{7", "equivalence", "wrong"],
  ["40", "<think>so \\boxed{40}, let me double", "equivalence", "wrong"],
  ["7", "The steps are long.\nFirst 3 and then 4 make 7", "equivalence", "correct"],
  ["7", `a ${"long ".repeat(60)} text that names 7 and ends with 8`, "equivalence", "wrong"],
  ["42", "\\boxed{42}", "math-dapo-strict", "correct"],
  ["42", "\\boxed{ 42 }", "math-dapo-strict", "wrong"],
  ["42", "Answer: 42", "math-dapo-minerva", "correct"],
  ["42", "\\boxed{042}", "boxed-exact", "correct"],
  ["42", "42", "boxed-exact", "wrong"],
] as const)("gold %s, prediction %s by %s: %s", (gold, prediction, rule, verdict) => {
  const verified = createVerifier({ rule })(gold, prediction);
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
  const verified = createVerifier({ rule })(gold, prediction);
  expect(verified.extracted).toBe(extracted);
  expect(verified.reason).toContain(reason);
});

const responses = readFileSync(join(import.meta.dirname, "../../../../packages/reward/test/fixtures/responses.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { gold: string; response: string });

describe.each(Object.keys(REWARD_RULES) as OutcomeRule[])("by %s", (rule) => {
  const train = createReward(RewardConfig.parse({ rule }), 1_000);
  const trained = (groundTruth: string, response: string) =>
    train({ response, modelText: response, groundTruth, toolCalls: 0, turns: 1, responseTokens: 10 });

  test("an answer that is stated gets the score that training gives", () => {
    const verify = createVerifier({ rule });
    const stated = responses.filter(({ gold, response }) => verify(gold, response).stated);
    expect(stated.length).toBeGreaterThan(5);
    for (const { gold, response } of stated) {
      const { score, prediction, verdict } = trained(gold, response);
      expect(verify(gold, response)).toMatchObject({ score, extracted: prediction, ...(verdict && { verdict: verdict.status }) });
    }
  });

  test("without a stated answer, training pays as for a wrong one", () => {
    const verify = createVerifier({ rule });
    for (const { gold, response } of responses) if (!verify(gold, response).stated) expect(trained(gold, response).score).toBe(-1);
  });
});

test("the options of outcomeReward, under their names", async () => {
  expect(createVerifier({ rule: "equivalence", sources: ["boxed"] })("7", "The answer is 7.").verdict).toBe("wrong");
  expect(createVerifier({ rule: "equivalence", strict: true })("5", "\\boxed{x = 5}").verdict).toBe("wrong");
  expect(createVerifier({ rule: "boxed-exact", allowThousandsSeparators: true })("1000", "\\boxed{1,000}").verdict).toBe("correct");
  const ignored = verifyFile("rows", { rule: "boxed-exact", strict: true, json: false }, quietShell());
  await expect(ignored).rejects.toThrow(/--rule boxed-exact: expected no other option than allowThousandsSeparators, found strict/);
});

test("rows whose answer is not stated are counted", async () => {
  const said: string[] = [];
  const context = quietShell({ reporter: { ...QUIET, say: (text) => void said.push(text) } });
  const file = join(folder, "bare.jsonl");
  await writeFile(file, '{"gold": "3", "prediction": "3"}\n{"gold": "3", "prediction": "\\\\boxed{3}"}\n');
  await verifyFile(file, { rule: "equivalence", json: false }, context);
  expect(context.printed).toEqual(["correct  2  100.0 %"]);
  expect(said.join("\n")).toContain("1 of 2 state no answer");
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
  await writeFile(file, '{"gold": "3", "prediction": "4"}\n{"gold": "3"}\n');
  await expect(verifyFile(file, { rule: "equivalence", json: true }, context)).rejects.toThrow(/line 2: expected an object.*prediction/);
  await expect(verifyFile(join(folder, "absent"), { rule: "equivalence", json: true }, context)).rejects.toThrow("no such file");
});

test("integers keep all of their digits, and lines end where JSON says", async () => {
  const file = join(folder, "exact.jsonl");
  const separator = String.fromCharCode(0x2028);
  await writeFile(
    file,
    `{"gold": 9007199254740993, "prediction": "9007199254740992"}\n{"gold": 12345678901234567890, "prediction": "12345678901234567890", "note": "a${separator}b"}\n`,
  );
  const exact = quietShell();
  await verifyFile(file, { rule: "equivalence", json: true }, exact);
  expect(exact.printed.map((line) => JSON.parse(line) as object)).toMatchObject([
    { verdict: "wrong" },
    { verdict: "correct", note: `a${separator}b` },
  ]);
});

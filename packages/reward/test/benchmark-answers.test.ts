import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { verifyAnswer } from "../src/index.js";
import { perturbationsOf, rewritingsOf } from "./rewritings.js";

// The answers of MATH-500 and OlymMATH against themselves, against rewritings, and against wrong answers made of them.
const repository = resolve(import.meta.dirname, "../../..");
const folder = join(resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared"), "data/math");
const files = ["math500", "olymmath_en_easy", "olymmath_en_hard"].map((name) => join(folder, `${name}.jsonl`));
const isPresent = files.every((file) => existsSync(file));

const answers = isPresent
  ? files.flatMap((file) =>
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { readonly answer: string }).answer),
    )
  : [];
const isCorrect = (gold: string, prediction: string) => verifyAnswer(gold, prediction).status === "correct";

describe(isPresent ? "answers of MATH-500 and OlymMATH" : "answers of MATH-500 and OlymMATH (skipped: set RETOOL_SHARED)", () => {
  test.skipIf(!isPresent)("each equals itself", () => {
    expect(answers.filter((answer) => !isCorrect(answer, answer))).toEqual([]);
  });

  test.skipIf(!isPresent)("at least 98 % of the rewritings are accepted, five or more of each answer", () => {
    const pairs = answers.flatMap((gold) => {
      const rewritings = rewritingsOf(gold);
      expect(rewritings.length, gold).toBeGreaterThanOrEqual(5);
      return rewritings.map((prediction) => ({ gold, prediction }));
    });
    const rejected = pairs.filter(({ gold, prediction }) => !isCorrect(gold, prediction));
    expect(rejected.length / pairs.length, JSON.stringify(rejected.slice(0, 20))).toBeLessThanOrEqual(0.02);
  });

  test.skipIf(!isPresent)("no perturbation is accepted", () => {
    const pairs = answers.flatMap((gold) => perturbationsOf(gold).map((prediction) => ({ gold, prediction })));
    expect(pairs.length).toBeGreaterThan(answers.length);
    expect(pairs.filter(({ gold, prediction }) => isCorrect(gold, prediction))).toEqual([]);
  });
});

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

const title = "answers of MATH-500 and OlymMATH";
const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} % (${part} of ${whole})`;

describe(isPresent ? title : `${title} (skipped: set RETOOL_SHARED)`, () => {
  test.skipIf(!isPresent)("each is read, and equals itself", () => {
    const same = answers.filter((answer) => isCorrect(answer, answer));
    const read = answers.filter((answer) => verifyAnswer(answer, "\\text{none}").status !== "unparsableGold");
    console.info(`read ${share(read.length, answers.length)}, equal to itself ${share(same.length, answers.length)}`);
    expect([read.length, same.length]).toEqual([answers.length, answers.length]);
  });

  test.skipIf(!isPresent)("at least 99 % equal five or more rewritings", () => {
    const accepted = answers.map((gold) => rewritingsOf(gold).filter((prediction) => isCorrect(gold, prediction)).length);
    const enough = accepted.filter((count) => count >= 5);
    const pairs = answers.flatMap((gold) => rewritingsOf(gold).map((prediction) => ({ gold, prediction })));
    const rejected = pairs.filter(({ gold, prediction }) => !isCorrect(gold, prediction));
    console.info(
      `equal to five rewritings or more ${share(enough.length, answers.length)}; rewritings accepted ${share(pairs.length - rejected.length, pairs.length)}`,
    );
    expect(enough.length / answers.length).toBeGreaterThanOrEqual(0.99);
    expect(rejected.length / pairs.length, JSON.stringify(rejected.slice(0, 20))).toBeLessThanOrEqual(0.01);
  });

  test.skipIf(!isPresent)("no perturbation is accepted, and none of the comparisons is undecided", () => {
    const pairs = answers.flatMap((gold) => perturbationsOf(gold).map((prediction) => ({ gold, prediction })));
    const wrong = pairs.filter(({ gold, prediction }) => !isCorrect(gold, prediction));
    console.info(`perturbations rejected ${share(wrong.length, pairs.length)}`);
    expect(pairs.length).toBeGreaterThan(answers.length);
    expect(wrong.length).toBe(pairs.length);
    const undecided = [...pairs, ...answers.map((answer) => ({ gold: answer, prediction: answer }))].filter(
      ({ gold, prediction }) => verifyAnswer(gold, prediction).status === "undecided",
    );
    expect(undecided).toEqual([]);
  });
});

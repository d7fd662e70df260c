import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verifyAnswer } from "../src/index.js";

// Labelled pairs, a file a form. `equal` is what a careful person would say, `reason` why.
interface Pair {
  readonly gold: string;
  readonly prediction: string;
  readonly equal: boolean;
  readonly reason: string;
}

const folder = join(import.meta.dirname, "fixtures/pairs");
const pairs: Pair[] = readdirSync(folder).flatMap((file) =>
  readFileSync(join(folder, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Pair),
);
const isAccepted = ({ gold, prediction }: Pair) => verifyAnswer(gold, prediction).status === "correct";

describe("labelled pairs", () => {
  test("there are at least 400, and 120 of them are near-misses", () => {
    expect(pairs.length).toBeGreaterThanOrEqual(400);
    expect(pairs.filter(({ equal }) => !equal).length).toBeGreaterThanOrEqual(120);
  });

  test("no wrong answer is accepted", () => {
    expect(pairs.filter((pair) => !pair.equal && isAccepted(pair))).toEqual([]);
  });

  test("at most 2 % of the right answers are rejected", () => {
    const right = pairs.filter(({ equal }) => equal);
    expect(right.filter((pair) => !isAccepted(pair)).length).toBeLessThanOrEqual(right.length * 0.02);
  });

  test("every verdict has a reason", () => {
    for (const { gold, prediction } of pairs) expect(verifyAnswer(gold, prediction).reason).toMatch(/\w/);
  });

  test("strict never accepts more", () => {
    const strict = pairs.filter(({ gold, prediction }) => verifyAnswer(gold, prediction, { strict: true }).status === "correct");
    expect(strict.filter((pair) => !isAccepted(pair))).toEqual([]);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ANSWER_SOURCES, outcomeReward } from "../src/index.js";

// Whole responses, each with a gold answer and whether a careful person would say that it states that answer.
interface Labelled {
  readonly gold: string;
  readonly response: string;
  readonly equal: boolean;
  readonly reason: string;
}

const responses = readFileSync(join(import.meta.dirname, "fixtures/responses.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Labelled);
const anyAnswer = outcomeReward({ rule: "equivalence", sources: ANSWER_SOURCES });
const stated = outcomeReward({ rule: "equivalence" });
const boxed = outcomeReward({ rule: "boxed-exact" });
const sample = ({ gold, response }: Labelled) => ({
  response,
  modelText: response,
  groundTruth: gold,
  toolCalls: 0,
  turns: 1,
  responseTokens: 1,
});

describe("labelled responses", () => {
  test.each(responses)("$gold, $response: $equal, as $reason", (row) => {
    const { correct, prediction, verdict } = anyAnswer(sample(row));
    expect(correct, `${prediction}: ${verdict?.reason}`).toBe(row.equal);
  });

  test("a reward, which asks for a stated answer, never pays more", () => {
    const inBoxes = responses.filter(({ reason }) => reason !== "what is stated last counts"); // the rule looks at boxes alone
    const paid = [...responses.filter((row) => stated(sample(row)).correct), ...inBoxes.filter((row) => boxed(sample(row)).correct)];
    expect(paid.length).toBeGreaterThan(20);
    expect(paid.filter(({ equal }) => !equal)).toEqual([]);
  });
});

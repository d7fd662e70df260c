import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import {
  combineRewards,
  lastBoxedOnlyString,
  mathDapoScore,
  normalizeFinalAnswer,
  outcomeReward,
  overlongPart,
  toolCallShaping,
} from "../src/index.js";

// Expected values of verl's math_dapo and of verl-recipe's retool, recorded by running them.
const repository = resolve(import.meta.dirname, "../../..");
const shared = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared");
const file = join(shared, "data/golden/math_dapo_vectors.jsonl");
const algorithmsFile = join(shared, "data/golden/core_algos_vectors.jsonl");

interface Score {
  readonly score: number;
  readonly acc: boolean;
  readonly pred: string | null;
}
type Row =
  | { readonly fn: "normalize_final_answer"; readonly input: string; readonly expected: string }
  | { readonly fn: "last_boxed_only_string"; readonly input: string; readonly expected: string | null }
  | {
      readonly fn: "compute_score";
      readonly solution: string;
      readonly ground_truth: string;
      readonly strict_box_verify: boolean;
      readonly expected: Score;
    }
  | {
      readonly fn: "retool_compute_score";
      readonly solution: string;
      readonly ground_truth: string;
      readonly num_turns: number;
      readonly expected: Score;
    };

const isPresent = existsSync(file);
const rows: Row[] = isPresent
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Row)
  : [];

function check(row: Row): void {
  switch (row.fn) {
    case "normalize_final_answer":
      return expect(normalizeFinalAnswer(row.input)).toBe(row.expected);
    case "last_boxed_only_string":
      return expect(lastBoxedOnlyString(row.input) ?? null).toBe(row.expected);
    case "compute_score": {
      const { score, correct, prediction } = mathDapoScore(row.solution, row.ground_truth, { strictBox: row.strict_box_verify });
      return expect({ score, acc: correct, pred: prediction }).toEqual({ ...row.expected, pred: row.expected.pred ?? "" });
    }
    case "retool_compute_score": {
      const reward = combineRewards(outcomeReward({ rule: "math-dapo-strict" }), [toolCallShaping({ count: "turns" })]);
      const { solution: response, ground_truth: groundTruth, num_turns: turnsInVerl, expected } = row;
      const turns = turnsInVerl / 2; // the policy's: verl counts as many of the interpreter and the user
      const result = reward({ response, modelText: response, groundTruth, turns, toolCalls: 0, responseTokens: 0 });
      expect(result.score).toBeCloseTo(expected.score, 12);
      return expect({ acc: result.correct, pred: result.prediction ?? "" }).toEqual({ acc: expected.acc, pred: expected.pred });
    }
  }
}

const title = isPresent
  ? "verl math_dapo vectors"
  : "verl math_dapo vectors (skipped: set RETOOL_SHARED; no data/golden/math_dapo_vectors.jsonl found)";
describe(title, () => {
  test.skipIf(!isPresent)("the file holds every function", () => {
    expect(new Set(rows.map(({ fn }) => fn))).toEqual(
      new Set(["normalize_final_answer", "last_boxed_only_string", "compute_score", "retool_compute_score"]),
    );
  });
  for (const [index, row] of rows.entries()) {
    test(`row ${index + 1}: ${row.fn}`, () => check(row));
  }
});

interface OverlongRow {
  readonly fn: string;
  readonly inputs: {
    readonly valid_response_length: number;
    readonly max_resp_len: number;
    readonly buffer_len: number;
    readonly penalty_factor: number;
  };
  readonly expected: number;
}

test.skipIf(!existsSync(algorithmsFile))("the overlong term of a reward is verl's penalty", () => {
  const penalties = readFileSync(algorithmsFile, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as OverlongRow)
    .filter(({ fn }) => fn === "overlong_penalty");
  expect(penalties.length).toBeGreaterThan(0);
  for (const { inputs, expected } of penalties) {
    const { valid_response_length: responseTokens, max_resp_len: maxLength, buffer_len: bufferLength, penalty_factor: weight } = inputs;
    const reward = combineRewards(outcomeReward({ rule: "boxed-exact" }), [{ ...overlongPart({ maxLength, bufferLength }), weight }]);
    const text = "\\boxed{1}";
    const result = reward({ response: text, modelText: text, groundTruth: "1", turns: 1, toolCalls: 0, responseTokens });
    expect(result.parts["overlong"]).toBeCloseTo(expected, 12);
    expect(result.score).toBeCloseTo(1 + expected, 12);
  }
});

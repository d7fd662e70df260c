import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { outcomeReward, overlongPart } from "../src/index.js";

// Expected values of verl's overlong penalty, recorded by running it.
const repository = resolve(import.meta.dirname, "../../..");
const shared = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared");
const file = join(shared, "data/golden/core_algos_vectors.jsonl");

interface Row {
  readonly fn: string;
  readonly inputs: {
    readonly valid_response_length: number;
    readonly max_resp_len: number;
    readonly buffer_len: number;
    readonly penalty_factor: number;
  };
  readonly expected: number;
}

const isPresent = existsSync(file);

test.skipIf(!isPresent)("the overlong penalty is verl's (skipped without RETOOL_SHARED)", () => {
  const rows = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Row); // prettier-ignore
  const own = rows.filter(({ fn }) => fn === "overlong_penalty");
  expect(own.length).toBe(5);
  for (const { inputs, expected } of own) {
    const { valid_response_length: responseTokens, max_resp_len: maxLength, buffer_len: bufferLength, penalty_factor } = inputs;
    const part = overlongPart({ maxLength, bufferLength });
    const sample = { response: "", modelText: "", groundTruth: "", turns: 1, toolCalls: 0, responseTokens };
    const value = part.value(sample, outcomeReward({ rule: "boxed-exact" })(sample));
    expect(value * penalty_factor, JSON.stringify(inputs)).toBeCloseTo(expected, 12);
  }
});

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { truncateMiddle } from "../src/index.js";

// Expected values of verl's tool response truncation and of ReTool's evaluation loop, recorded by running them.
const repository = resolve(import.meta.dirname, "../../..");
const shared = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared");
const file = join(shared, "data/golden/tool_pipeline_vectors.jsonl");

type Row =
  | {
      readonly fn: "truncate_tool_response";
      readonly input: string;
      readonly max_len: number;
      readonly side: string;
      readonly expected_verl_2026_01: string;
    }
  | { readonly fn: "retool_eval_truncate"; readonly input: string; readonly expected: string }
  | { readonly fn: "retool_code_prepare" | "hermes_extract_tool_calls" };

const hasVectors = existsSync(file);
const rows = hasVectors
  ? readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as Row)
  : [];
const name = (title: string) =>
  hasVectors ? title : `${title} (skipped: set RETOOL_SHARED; no data/golden/tool_pipeline_vectors.jsonl found)`;

test.skipIf(!hasVectors)(name("tool output is cut as verl cuts it in the middle"), () => {
  const middle = rows.filter((row) => row.fn === "truncate_tool_response").filter(({ side }) => side === "middle");
  expect(middle.length).toBeGreaterThan(0);
  for (const row of middle) expect(truncateMiddle(row.input, row.max_len)).toBe(row.expected_verl_2026_01);
});

test.skipIf(!hasVectors)(name("with another limit and marker it is cut as ReTool's evaluation cuts it"), () => {
  const recorded = rows.filter((row) => row.fn === "retool_eval_truncate");
  expect(recorded.length).toBeGreaterThan(0);
  for (const row of recorded) expect(truncateMiddle(row.input, 400, "...")).toBe(row.expected);
});

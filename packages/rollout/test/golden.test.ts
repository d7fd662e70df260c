import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { extractHermesCalls, hermesDialect, truncateMiddle, truncateOutput, type CutSide } from "../src/index.js";

// Expected values of verl's tool calls and response truncation, and of ReTool's evaluation loop, recorded by running them.
const repository = resolve(import.meta.dirname, "../../..");
const shared = resolve(repository, process.env["RETOOL_SHARED"] ?? "../shared");
const file = join(shared, "data/golden/tool_pipeline_vectors.jsonl");

type Row =
  | {
      readonly fn: "truncate_tool_response";
      readonly input: string;
      readonly max_len: number;
      readonly side: CutSide;
      readonly expected_verl_2026_01: string;
      readonly expected_verl_2026_08: string;
    }
  | { readonly fn: "retool_eval_truncate"; readonly input: string; readonly expected: string }
  | {
      readonly fn: "hermes_extract_tool_calls";
      readonly input: string;
      readonly expected: {
        readonly content: string;
        readonly tool_calls: readonly { readonly name: string; readonly arguments: string }[];
      };
    }
  | { readonly fn: "retool_code_prepare" };

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

test.skipIf(!hasVectors)(name("tool output is cut on each side as newer verl cuts it"), () => {
  const cut = rows.filter((row) => row.fn === "truncate_tool_response");
  expect(new Set(cut.map(({ side }) => side))).toEqual(new Set(["left", "middle", "right"]));
  for (const { input, max_len: limit, side, expected_verl_2026_08: expected } of cut) {
    expect(truncateOutput(input, limit, side), `${side} ${limit}`).toBe(expected);
  }
});

test.skipIf(!hasVectors)(name("with another limit and marker it is cut as ReTool's evaluation cuts it"), () => {
  const recorded = rows.filter((row) => row.fn === "retool_eval_truncate");
  expect(recorded.length).toBeGreaterThan(0);
  for (const row of recorded) expect(truncateMiddle(row.input, 400, "...")).toBe(row.expected);
});

test.skipIf(!hasVectors)(name("Hermes calls are found as verl finds them"), () => {
  const recorded = rows.filter((row) => row.fn === "hermes_extract_tool_calls");
  expect(recorded.length).toBeGreaterThan(0);
  for (const { input, expected } of recorded) {
    const { content, calls } = extractHermesCalls(input);
    expect(content).toBe(expected.content);
    expect(calls.map((call) => [call.name, call.arguments])).toEqual(
      expected.tool_calls.map((call) => [call.name, JSON.parse(call.arguments)]),
    );
  }
});

interface RenderedChat {
  readonly messages: readonly { readonly role: string; readonly content?: string | null }[];
  readonly add_generation_prompt: boolean;
  readonly expected: string;
}

const chatFile = join(shared, "data/golden/qwen25_chat_template_vectors.jsonl");
const hasChats = existsSync(chatFile);
const skipped = hasChats ? "" : " (skipped: set RETOOL_SHARED; no data/golden/qwen25_chat_template_vectors.jsonl found)";
test.skipIf(!hasChats)(`Hermes results are rendered as Qwen2.5's template renders them${skipped}`, () => {
  const chats = readFileSync(chatFile, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as RenderedChat)
    .filter(({ messages, add_generation_prompt }) => add_generation_prompt && messages.at(-1)!.role === "tool");
  expect(chats.length).toBeGreaterThan(3);
  for (const { messages, expected } of chats) {
    const last = messages.findLastIndex(({ role }) => role !== "tool");
    const outputs = messages.slice(last + 1).map(({ content }) => content ?? "");
    const pieces = outputs.flatMap((output, index) =>
      hermesDialect().renderResult(output, { index, count: outputs.length, turn: "<|im_end|>" }),
    );
    expect(expected.endsWith(`<|im_end|>${pieces.map(({ text }) => text).join("")}`)).toBe(true);
  }
});

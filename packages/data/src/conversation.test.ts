import { describe, expect, test } from "vitest";
import { conversationCalls, conversationSegments } from "./conversation.js";
import { convertReToolRow, type ConversationDialect } from "./retool-sft.js";

const messagesIn = (dialect: ConversationDialect) =>
  convertReToolRow(
    {
      messages: [
        { role: "user", content: "*user question:* Q" },
        { role: "assistant", content: "Try.\n<code>\n```python\nf(1)\n```\n</code>\n<interpreter>7</interpreter>\nSo <answer>7</answer>" },
      ],
    },
    { dialect },
  );

describe("conversationSegments", () => {
  test("XML: output is the environment's, and the pieces are the response", () => {
    const messages = messagesIn("xml");
    const segments = conversationSegments(messages);
    expect(segments.map(({ kind, text }) => [kind, text])).toEqual([
      ["prompt", "*user question:* Q"],
      ["model", "Try.\n<code>\n```python\nf(1)\n```\n</code>"],
      ["tool", "\n<interpreter>\n"],
      ["tool", "7"],
      ["tool", "</interpreter>\n\n"],
      ["model", "So <answer>7</answer>"],
    ]);
    expect(segments.map(({ trusted }) => trusted)).toEqual([undefined, undefined, true, undefined, true, undefined]);
    expect(
      segments
        .slice(1)
        .map(({ text }) => text)
        .join(""),
    ).toBe(messages[1]!.content);
  });

  test("Hermes: calls are the model's", () => {
    expect(conversationSegments(messagesIn("hermes"))).toEqual([
      { kind: "prompt", text: "Q" },
      { kind: "model", text: "Try." },
      { kind: "model", text: '\n<tool_call>\n{"name": "code_interpreter", "arguments": {"code": "f(1)"}}\n</tool_call>' },
      { kind: "tool", text: "7" },
      { kind: "model", text: "So 7" },
    ]);
  });

  test("a tag inside code is code, one inside an output is output", () => {
    const content = "<code>log('<interpreter>x</interpreter>')</code>\n<interpreter>\n<code>2</code></interpreter>\n\nSo 2";
    expect(conversationSegments([{ role: "assistant", content }])).toEqual([
      { kind: "model", text: "<code>log('<interpreter>x</interpreter>')</code>" },
      { kind: "tool", text: "\n<interpreter>\n", trusted: true },
      { kind: "tool", text: "<code>2</code>" },
      { kind: "tool", text: "</interpreter>\n\n", trusted: true },
      { kind: "model", text: "So 2" },
    ]);
    expect(conversationCalls([{ role: "assistant", content }])).toEqual(["log('<interpreter>x</interpreter>')"]);
  });

  test("nested arguments stand as chat templates write them", () => {
    const input = { query: "a", opts: { top: 3, tags: ["x", "y"], none: null } };
    const messages = [{ role: "assistant", content: "", tool_calls: [{ function: { name: "search", arguments: input } }] }] as const;
    const text =
      '\n<tool_call>\n{"name": "search", "arguments": {"query": "a", "opts": {"top": 3, "tags": ["x", "y"], "none": null}}}\n</tool_call>';
    expect(conversationSegments(messages)).toEqual([{ kind: "model", text }]);
  });

  test("output that is not closed is the model's", () => {
    expect(conversationSegments([{ role: "assistant", content: "a <interpreter>b" }])).toEqual([
      { kind: "model", text: "a <interpreter>b" },
    ]);
  });
});

test("conversationCalls finds code in either dialect, and other arguments", () => {
  expect(conversationCalls(messagesIn("xml"))).toEqual(["f(1)"]);
  expect(conversationCalls(messagesIn("hermes"))).toEqual(["f(1)"]);
  const call = (input: Record<string, unknown> | string) => ({ function: { name: "look", arguments: input } });
  expect(conversationCalls([{ role: "assistant", tool_calls: [call({ key: 1 }), call("{}")] }])).toEqual(['{"key":1}', "{}"]);
});

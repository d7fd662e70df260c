import { InputError } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { convertReToolRow } from "./retool-sft.js";

const prompt = "Instructions.\n\n*user question:*\nQ\n<answer>\n\\boxed{...}\n</answer>";
const row = (response: string) => ({
  messages: [
    { role: "user", content: prompt },
    { role: "assistant", content: response },
  ],
});
const hermes = (response: string) => convertReToolRow(row(response), { dialect: "hermes" });
const xml = (response: string) => convertReToolRow(row(response), { dialect: "xml" })[1]!.content;

describe("to hermes", () => {
  test("a call becomes an assistant message and a tool message", () => {
    expect(
      hermes("Try.\n<code>\n```python\nprint(1)\n```\n</code>\n<interpreter>\n1\n</interpreter>\nSo <answer>\\boxed{1}</answer>"),
    ).toEqual([
      { role: "user", content: "Q\n\n\\boxed{...}" },
      {
        role: "assistant",
        content: "Try.",
        tool_calls: [{ type: "function", function: { name: "code_interpreter", arguments: { code: "print(1)" } } }],
      },
      { role: "tool", content: "1" },
      { role: "assistant", content: "So \\boxed{1}" },
    ]);
  });
});

describe("to xml", () => {
  test("the prompt stays, and output stands as the environment writes it", () => {
    const response = "Try.\n<code>print(1)</code>\n<interpreter>1</interpreter>\n\n\nSo <answer>\\boxed{1}</answer>";
    expect(convertReToolRow(row(response), { dialect: "xml" })).toEqual([
      { role: "user", content: prompt },
      {
        role: "assistant",
        content: "Try.\n<code>print(1)</code>\n<interpreter>\n1</interpreter>\n\nSo <answer>\\boxed{1}</answer>",
      },
    ]);
  });

  test("the text around output can be chosen", () => {
    const options = { dialect: "xml", resultOpen: "<interpreter>", resultClose: "</interpreter>" } as const;
    const response = "<code>1</code>\n<interpreter>\n1\n</interpreter>\n<answer>1</answer>";
    expect(convertReToolRow(row(response), options)[1]!.content).toBe("<code>1</code><interpreter>1</interpreter><answer>1</answer>");
  });

  test("a response without code stays as it is", () => {
    expect(xml(" It is 2.\n<answer>2</answer>")).toBe(" It is 2.\n<answer>2</answer>");
  });
});

describe.each(["hermes", "xml"] as const)("refused on the way to %s", (dialect) => {
  test.each([
    ["no answer", "A", "expected <answer>, found none"],
    ["an answer that is not closed", "<answer>1", "expected </answer> after <answer>"],
    ["text behind the answer", "<answer>1</answer>\n", 'expected nothing behind </answer>, found "\\n"'],
    ["code that is not closed", "<code>1 <answer>1</answer>", "expected </code> after <code>"],
    ["code without output", "<code>1</code> <answer>1</answer>", "expected <interpreter>, found none"],
    ["two blocks with one output", "<code>1</code><code>2</code><interpreter>2</interpreter><answer>1</answer>", "another <code>"],
    ["no answer after output", "<code>1</code><interpreter>1</interpreter>", "expected <answer>, found none"],
  ])("%s", (_, response, message) => {
    expect(() => convertReToolRow(row(response), { dialect, where: "sft.jsonl: line 3" })).toThrow(message);
    expect(() => convertReToolRow(row(response), { dialect, where: "sft.jsonl: line 3" })).toThrow(/^ReTool-SFT row: sft\.jsonl: line 3: /);
  });

  test("a prompt without the marker, and rows of another shape", () => {
    const messages = [{ role: "user", content: "Q" }, row("<answer>1</answer>").messages[1]];
    expect(() => convertReToolRow({ messages }, { dialect })).toThrow("expected *user question:* in the user's message");
    for (const other of [null, {}, { messages: [] }, { messages: [{ role: "user", content: 1 }] }, { messages: messages.toReversed() }]) {
      expect(() => convertReToolRow(other, { dialect })).toThrow(InputError);
    }
  });
});

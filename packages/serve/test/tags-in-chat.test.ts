import { renderChat, type ChatMessage } from "@retool-ts/data";
import { expect, test } from "vitest";
import { xmlFormat } from "../src/index.js";
import { QWEN } from "./scripted-model.js";

const format = xmlFormat({ template: QWEN, toolTags: { lookup: "lookup" } });
const asked: readonly ChatMessage[] = [{ role: "user", content: "What is 6 times 7?" }];

function render(template: string, messages: readonly ChatMessage[], addGenerationPrompt = true): string {
  return renderChat(template, messages, { addGenerationPrompt, tools: [], variables: format.variables });
}

test.each([
  ["a question", asked],
  ["a system message and a question", [{ role: "system", content: "Be brief." }, ...asked]],
  ["two questions", [...asked, { role: "user", content: "And 6 times 8?" }]],
] satisfies readonly (readonly [string, readonly ChatMessage[]])[])(
  "Qwen2.5's own template begins the conversation of %s",
  (_, messages) => {
    expect(render(format.template, messages)).toBe(render(QWEN, messages));
    expect(render(format.template, messages, false)).toBe(render(QWEN, messages, false));
  },
);

test("replies, calls and results follow as they are, without an end of turn between them", () => {
  const lookup = { type: "function", function: { name: "lookup", arguments: { key: "b" } } } as const;
  const messages: readonly ChatMessage[] = [
    ...asked,
    { role: "assistant", content: "Let me see <code>6*7</code>" },
    { role: "tool", content: "42" },
    { role: "assistant", content: "and ", tool_calls: [{ id: "1", ...lookup }] },
    { role: "tool", content: "c" },
  ];
  expect(render(format.template, messages)).toBe(
    `${render(QWEN, asked)}Let me see <code>6*7</code>\n<interpreter>\n42</interpreter>\n\nand <lookup>{"key": "b"}</lookup>\n<interpreter>\nc</interpreter>\n\n`,
  );
});

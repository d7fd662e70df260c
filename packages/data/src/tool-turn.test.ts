import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderChat, type ChatMessage, type ToolSchema } from "./chat-template.js";
import { toolTurnTexts } from "./tool-turn.js";

const qwen = readFileSync(new URL("../test/fixtures/qwen25-chat-template.jinja", import.meta.url), "utf8");
const parameters = { type: "object", properties: { code: { type: "string" } } };
const tools: readonly ToolSchema[] = [{ type: "function", function: { name: "code_interpreter", description: "Runs code.", parameters } }];
const options = { tools, endTokens: ["<|im_end|>"] };

test("Qwen2.5: results share one user turn, and the missing newline is added", () => {
  expect(toolTurnTexts(qwen, options)).toEqual({
    endOfTurn: "<|im_end|>",
    open: "\n<|im_start|>user\n<tool_response>\n",
    between: "\n</tool_response>\n<tool_response>\n",
    close: "\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
  });
});

test("what is appended is the rendered conversation's suffix", () => {
  const { open, between, close } = toolTurnTexts(qwen, options);
  const call = { type: "function" as const, function: { name: "code_interpreter", arguments: { code: "6 * 7" } } };
  const asked: readonly ChatMessage[] = [
    { role: "user", content: "What?" },
    { role: "assistant", content: "", tool_calls: [call, call] },
  ];
  const results: readonly ChatMessage[] = ["42", "43"].map((content) => ({ role: "tool", content }));
  const before = renderChat(qwen, asked, { tools }).trimEnd(); // sampling ends at <|im_end|>
  expect(`${before}${open}42${between}43${close}`).toBe(renderChat(qwen, [...asked, ...results], { tools, addGenerationPrompt: true }));
});

/** A template in the shape of Qwen's, with the body of an assistant message to be filled in. */
const template = (
  assistant: string,
  tool = `<|im_start|>tool\n{{ m.content }}<|im_end|>\n`,
  list = "{% if tools %}{{ tools | tojson }}{% endif %}",
) =>
  `${list}{% for m in messages %}{% if m.role == 'assistant' %}<|im_start|>assistant\n${assistant}` +
  `{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>\n` +
  `{% elif m.role == 'tool' %}${tool}{% else %}<|im_start|>user\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}` +
  `{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}`;

test("results in turns of their own", () => {
  expect(toolTurnTexts(template("{{ m.content }}"), options)).toEqual({
    endOfTurn: "<|im_end|>",
    open: "\n<|im_start|>tool\n",
    between: "<|im_end|>\n<|im_start|>tool\n",
    close: "<|im_end|>\n<|im_start|>assistant\n",
  });
});

test.each([
  [
    "drops the reasoning of earlier turns",
    template("{% if loop.last %}{{ m.content }}{% else %}{{ m.content.split('</think>')[-1] }}{% endif %}"),
    /append-only template, found one that changes earlier text when a tool result follows: .*think/,
  ],
  [
    "writes an empty thought in the last turn only",
    template("{% if loop.last %}<think></think>{% endif %}{{ m.content }}"),
    /changes earlier text/,
  ],
  ["writes no tools", template("{{ m.content }}", undefined, ""), /expected a template that tells the model of its tools/],
  ["writes calls in another way", template("{{ m.content }}").replaceAll("tool_call>", "call>"), /expected calls as <tool_call>/],
  ["drops tool results", template("{{ m.content }}", ""), /expected a template that shows tool results/],
])("a template that %s is refused", (_, text, message) => {
  expect(() => toolTurnTexts(text, options)).toThrow(message);
  expect(() => toolTurnTexts(text, options)).toThrow("use dialect.name: xml");
});

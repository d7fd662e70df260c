import { expect, test } from "vitest";
import { renderChat } from "./chat-template.js";

const TEMPLATE =
  "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if tools %}{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}[assistant]{% endif %}";

test("messages, tools, the generation prompt and variables reach the template", () => {
  const messages = [{ role: "user", content: "hi" }] as const;
  expect(renderChat(TEMPLATE, messages)).toBe("[user] hi\n");
  expect(renderChat(TEMPLATE, messages, { addGenerationPrompt: true })).toBe("[user] hi\n[assistant]");
  expect(renderChat(TEMPLATE, [], { tools: [{ type: "function", function: { name: "é" } }] })).toBe(
    '[{"type": "function", "function": {"name": "é"}}]',
  );
  expect(renderChat("{{ bos_token }}", [], { variables: { bos_token: "<s>" } })).toBe("<s>");
});

test("templates that are broken, or refuse the messages, say why", () => {
  expect(() => renderChat("{% for %}", [])).toThrow(
    /^chat template: chat_template: expected a Jinja template, found .+ To mend it: correct chat_template of the tokenizer\.$/,
  );
  expect(() => renderChat("{{ raise_exception('no system turn') }}", [])).toThrow(
    "chat template: chat_template: expected messages that the template accepts, found no system turn. To mend it: change the messages, or the template of the tokenizer.",
  );
});

import { expect, test } from "vitest";
import { renderChat } from "./chat-template.js";

const render = (template: string, content: string | null) => renderChat(template, [{ role: "assistant", content }]);

// Expected: jinja2 3.1.6.
test("strip, lstrip, rstrip and trim are Python's", () => {
  const text = "\n\n  six\ufeff \u0085\u001c\n";
  expect(render("[{{ messages[0].content.lstrip('\\n') }}]", text)).toBe("[  six\ufeff \u0085\u001c\n]");
  expect(render("[{{ messages[0].content.split('x')[0].rstrip('i').strip('\\n ') }}]", text)).toBe("[s]");
  expect(render("[{{ messages[0]['content'] | trim }}{{ messages[0].content.strip() }}]", text)).toBe("[six\ufeffsix\ufeff]");
  expect(render("[{{ messages[0].content | trim('\\n') }}]", text)).toBe("[  six\ufeff \u0085\u001c]");
  expect(render("{% for m in messages %}{% if m.content.rstrip().endswith('\ufeff') %}yes{% endif %}{% endfor %}", text)).toBe("yes");
});

test("null is trimmed as in Python, where a filter makes a text of it and a method fails", () => {
  expect(render("[{{ messages[0].content | trim }}{{ messages[0]['name'] | trim }}]", null)).toBe("[None]");
  expect(() => render("{{ messages[0].content.strip() }}", null)).toThrow(/found a text to strip is missing/);
});

test("tools and documents are none, as in transformers, when there are none", () => {
  expect(render("{{ tools is none }} {{ documents is none }} {% if tools %}no{% endif %}", "")).toBe("True True ");
});

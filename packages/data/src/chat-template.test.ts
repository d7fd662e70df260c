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

test("line breaks of a template are one, whatever the file has; those of messages stay", () => {
  const template =
    "{%- for m in messages %}\r\n<{{ m.role }}>\r\n{{ m.content }}<end>\r\n{%- endfor %}\r\n{% if add_generation_prompt %}\r\n<assistant>\r\n{% endif %}\r\n";
  const messages = [{ role: "user", content: "a\r\nb" }] as const;
  expect(renderChat(template, messages, { addGenerationPrompt: true })).toBe("<user>\na\r\nb<end><assistant>\n");
});

test.each([
  ["loops in loops", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "more than 200000 steps"],
  ["a range", "{{ range(1000000000) | length }}", "more than 200000 steps"],
  [
    "macros that call themselves twice",
    "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "more than 200000 steps",
  ],
])("%s are ended", (_, template, reason) => {
  expect(() => renderChat(template, [])).toThrow(reason);
});

test("loops over messages are counted too", () => {
  const messages = Array.from({ length: 30 }, () => ({ role: "user", content: "x" }) as const);
  const loops = (depth: number): string => (depth === 0 ? "" : `{% for m in messages %}${loops(depth - 1)}{% endfor %}`);
  expect(renderChat(loops(3), messages)).toBe("");
  expect(() => renderChat(loops(6), messages)).toThrow("more than 200000 steps");
});

test("range counts as in Python", () => {
  const shown = "{{ range(4) | join(',') }} {{ range(2, 5) | join(',') }} {{ range(5, 0, -2) | join(',') }} {{ range(0) | length }}";
  expect(renderChat(shown, [])).toBe("0,1,2,3 2,3,4 5,3,1 0");
});

test.each([
  [
    "a text that doubles",
    "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    /more than 8000000 characters/,
  ],
  [
    "a name that doubles",
    "{% set x = 'ab' %}{% for i in range(9) %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% set x = x ~ x ~ x ~ x ~ x ~ x ~ x ~ x %}{% endfor %}",
    /more than 8000000 characters/,
  ],
  [
    "a long text written again and again",
    `{% for i in range(2000) %}${"{{ messages[0].content }}".repeat(5)}{% endfor %}`,
    /writes more than 8000000 characters/,
  ],
  [
    "a filter over a long text in a loop",
    "{% for i in range(150000) %}{% if (messages[0].content | replace('a', 'b')) == 'c' %}x{% endif %}{% endfor %}",
    /takes more than 200000 steps/,
  ],
  [
    "a method over a long text in a loop",
    "{% for i in range(150000) %}{% if messages[0].content.split(' ') == 'c' %}x{% endif %}{% endfor %}",
    /takes more than 200000 steps/,
  ],
])("a template is bounded: %s", (_, template, message) => {
  expect(() => renderChat(template, [{ role: "user", content: "a ".repeat(10_000) }])).toThrow(message);
});

test("bounds change no rendering: names, namespaces, filters and methods of texts", () => {
  const template =
    "{% set ns = namespace(n=0, text='') %}{% macro twice(t) %}{{ t }}{{ t | upper }}{% endmacro %}{% for m in messages %}{% set parts = m.content.split('</think>') %}" +
    "{% set ns.n = ns.n + 1 %}{% if m.role == 'user' %}{% set name = 'U' %}{% else %}{% set name = 'A' %}{% endif %}{{ name }}{{ ns.n }}:{{ parts[-1].strip() | replace('a', 'b') }}{{ twice('x') }};{% endfor %}";
  const messages = [
    { role: "user", content: " banana " },
    { role: "assistant", content: "<think>a</think> an" },
  ] as const;
  expect(renderChat(template, messages)).toBe("U1:bbnbnbxX;A2:bnxX;");
});

test("an object that a template joins with a text is refused, as Python does", () => {
  const messages = [{ role: "user" as const, content: "[object Map]" }];
  expect(() => renderChat("{{ 'a' + messages[0] }}", [{ role: "user", content: "b" }])).toThrow(
    "found an object, such as a call's arguments",
  );
  expect(renderChat("{{ messages[0].content }}", messages)).toBe("[object Map]");
});

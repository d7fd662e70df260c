import { expect, test } from "vitest";
import { renderChat } from "./chat-template.js";

/** Templates and what Jinja2 3.1.6 writes for two messages. */
const WRITTEN = [
  ["{{ true }} {{ false }}", "True False"],
  ["{{ messages[0].content == 'hi' }}", "True"],
  ["{{ messages is defined and nothing is defined }}", "False"],
  ["{% for m in messages %}{{ m.role == 'user' }};{{ loop.first }}{% else %}{{ true }}{% endfor %}", "True;TrueFalse;False"],
  ["{% if true %}{{ not true }}{% else %}{{ true }}{% endif %}", "False"],
  ["{% macro f(x) %}{{ x }}{% endmacro %}{{ f(true) }}{{ f('a') }}{{ f(1) }}", "Truea1"],
  ["{% set x %}{{ 1 == 1 }}{% endset %}{{ x }}", "True"],
  ["{{ true | tojson }} {{ {'a': true} | tojson }}", 'true {"a": true}'],
  ["{{ 1.0 }} {{ 2 }} {{ nothing }}|{{ '' }}|{{ 'true' }}", "1.0 2 ||true"],
  ["{{ true if nothing is defined }}|{{ (true and 3) }}|{{ (false or 'x') }}", "|3|x"],
  ["{% for i in range(2) %}{{ i == 1 }}{% endfor %}", "FalseTrue"],
  ["{% for a in [true, 'b'] %}{{ a }},{% endfor %}{{ a }}", "True,b,"],
  ["{% set x = true %}{{ x | string }} {{ 'a' ~ (x | string) }} {{ messages[0].role | string }}", "True aTrue user"],
  ["{{ none }}|{{ messages[0].name }}|{{ none | tojson }}|{{ [none] | tojson }}", "None||null|[null]"],
  ["{{ messages[1].content }} {{ messages[1].content | trim }} {{ 'a' + messages[1].content | string }}", "None None aNone"],
  ["{% for v in [none, 1] %}{{ v }},{% endfor %}{% if none %}x{% endif %}", "None,1,"],
  ["{% macro f(x) %}{{ x }}{% endmacro %}{{ f(none) }}{% set z = none %}{{ z if z }}|{{ z or 'c' }}", "None|c"],
  ["{% set y = {'b': false} %}{{ y.b | string }} {% set k = 'b' %}{{ y[k] | string }} {{ 1.0 | string }}", "False False 1.0"],
] as const;

test.each(WRITTEN)("%s is written as in Python", (template, text) => {
  expect(
    renderChat(template, [
      { role: "user", content: "hi" },
      { role: "assistant", content: null },
    ]),
  ).toBe(text);
});

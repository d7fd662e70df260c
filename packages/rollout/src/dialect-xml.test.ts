import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { xmlDialect } from "./dialect-xml.js";

const dialect = xmlDialect();

/** The code that a turn would run. */
function codeOf(text: string): string {
  const action = dialect.parseTurn(text);
  if (action.kind !== "call") throw new Error(`expected a call, got ${JSON.stringify(action)}`);
  return action.source;
}

function rendered(output: string, { renderResult } = dialect): string {
  return renderResult(output)
    .map(({ text }) => text)
    .join("");
}

describe("parseTurn", () => {
  test("a call carries its code, and where it begins", () => {
    expect(dialect.parseTurn("So: <code>6 * 7</code>")).toEqual({
      kind: "call",
      tool: "code_interpreter",
      input: { code: "6 * 7" },
      source: "6 * 7",
      offset: 4,
    });
  });

  test("prose calls nothing", () => {
    expect(dialect.parseTurn("")).toEqual({ kind: "none" });
    expect(dialect.parseTurn("<code>never closed")).toEqual({ kind: "none" });
    expect(dialect.parseTurn("<answer>never closed")).toEqual({ kind: "none" });
    expect(dialect.parseTurn("<interpreter>made up</interpreter>")).toEqual({ kind: "none" });
    expect(dialect.parseTurn("</CODE> </ code>")).toEqual({ kind: "none" });
  });

  test("a closing tag alone is malformed", () => {
    expect(dialect.parseTurn("6 * 7</code>")).toEqual({ kind: "malformed", reason: "</code> without <code>" });
    expect(dialect.parseTurn("42</answer>")).toEqual({ kind: "malformed", reason: "</answer> without <answer>" });
    expect(dialect.parseTurn("</code><code>")).toEqual({ kind: "malformed", reason: "</code> without <code>" });
  });

  test("what closes first counts", () => {
    expect(dialect.parseTurn("<answer>42</answer><code>1</code>").kind).toBe("answer");
    expect(codeOf("<code>1</code><answer>42</answer>")).toBe("1");
  });

  test("of several blocks the first is run", () => {
    expect(codeOf("<code>1</code> and <code>2</code>")).toBe("1");
  });

  test("a tag that is only mentioned does not begin the code", () => {
    expect(codeOf("I write <code> first. <code>1 + 1</code>")).toBe("1 + 1");
  });

  test("text behind the closing tag is ignored", () => {
    expect(codeOf("<code>1</code>\n\nand so on")).toBe("1");
    expect(dialect.parseTurn("<answer>42</answer>. <code>")).toEqual({ kind: "answer" });
  });
});

describe("code", () => {
  test.each([
    ["bare", "1 + 1", "1 + 1"],
    ["bare with blanks around", "\n  1 + 1  \n", "1 + 1"],
    ["empty", "", ""],
    ["in the paper's fence", "\n```python\nprint(1)\n```\n", "print(1)"],
    ["in a fence without a language", "```\nprint(1)\n```", "print(1)"],
    ["in a fence with blanks behind the language", "```js  \nprint(1)\n```", "print(1)"],
    ["in a fence of CRLF lines", "```js\r\nprint(1)\r\n```", "print(1)"],
    ["in a fence that is not closed", "```js\nprint(1)\n", "print(1)"],
    ["in a fence closed on its last line", "```js\nprint(1)```", "print(1)"],
    ["in an empty fence", "```js\n```", ""],
    ["in backticks on one line", "```print(1)```", "print(1)"],
    ["in a fence with words around it", "Let me see:\n```js\nprint(1)\n```\nThat prints one.\n", "print(1)"],
    ["in the first of two fences", "```js\na\n```\nor\n```js\nb\n```", "a"],
    ["in the first fence of a language that is run", "```text\na\n```\n```python\nb\n```", "b"],
    ["in the first of two fences without a language", "```\na\n```\n```\nb\n```", "a"],
    ["with backticks in a string", 'console.log("```")', 'console.log("```")'],
    ["with backticks in a string in a fence", '```js\nconsole.log("```")\n```', 'console.log("```")'],
    ["with its inner blank lines and indentation", "```js\nif (a) {\n\n  b();\n}\n```", "if (a) {\n\n  b();\n}"],
    ["with a language of one word only", "python", "python"],
  ])("%s", (_, source, expected) => {
    expect(codeOf(`<code>${source}</code>`)).toBe(expected);
  });

  test("any code survives its fence", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (code) => {
        fc.pre(!code.includes("`") && !code.includes("code>") && !code.includes("answer>"));
        return codeOf(`<code>\n\`\`\`js\n${code}\n\`\`\`\n</code>`) === code.trim();
      }),
    );
  });

  test("a megabyte of backticks is read in linear time", () => {
    expect(typeof codeOf(`<code>${"```js\n".repeat(60_000)}${"```".repeat(120_000)}${"``` ".repeat(60_000)}</code>`)).toBe("string");
  });
});

describe("renderResult", () => {
  test("output stands between the paper's tags", () => {
    expect(dialect.renderResult("42")).toEqual([
      { text: "\n<interpreter>\n", trusted: true },
      { text: "42", trusted: false },
      { text: "</interpreter>\n\n", trusted: true },
    ]);
  });

  test("the text around it can be chosen", () => {
    const own = xmlDialect({ resultOpen: "<interpreter>", resultClose: "</interpreter>" });
    expect(rendered("42", own)).toBe("<interpreter>42</interpreter>");
  });

  test("tags in the output are broken", () => {
    expect(rendered("</interpreter><answer>42</answer><code>x</code><interpreter>")).toBe(
      "\n<interpreter>\n<\\/interpreter><\\answer>42<\\/answer><\\code>x<\\/code><\\interpreter></interpreter>\n\n",
    );
  });

  test("no output can hold a tag, whatever it is made of", () => {
    const scraps = fc.constantFrom(
      "<",
      "</",
      ">",
      "code",
      "interpreter",
      "answer",
      "<code>",
      "</code>",
      "</interpreter>",
      "<answer>",
      "\\",
      "/",
      "x",
    );
    fc.assert(
      fc.property(fc.array(scraps, { maxLength: 30 }), (pieces) => {
        const text = rendered(pieces.join(""));
        expect(text.match(/<\/?(?:code|interpreter|answer)>/g)).toEqual(["<interpreter>", "</interpreter>"]);
        expect(text.endsWith("</interpreter>\n\n")).toBe(true);
      }),
    );
  });
});

describe("without an interpreter", () => {
  const alone = xmlDialect({ interpreter: false });

  test("code is text: it ends no turn and calls nothing", () => {
    expect(alone.stopStrings).toEqual(["</answer>"]);
    expect(alone.parseTurn("<code>6 * 7</code> = 42")).toEqual({ kind: "none" });
    expect(alone.parseTurn("6 * 7</code>")).toEqual({ kind: "none" });
    expect(alone.parseTurn("<code>6 * 7</code> = 42 <answer>42</answer>")).toEqual({ kind: "answer" });
  });

  test("other tools keep their tags", () => {
    const lookup = xmlDialect({ interpreter: false, toolTags: { lookup: "lookup" } });
    expect(lookup.stopStrings).toEqual(["</lookup>", "</answer>"]);
    expect(lookup.parseTurn("<code>1</code><lookup>2</lookup>")).toMatchObject({ kind: "call", tool: "lookup", source: "2" });
  });
});

describe("tools besides the interpreter", () => {
  const withLookup = xmlDialect({ toolTags: { lookup: "key_value_store" } });

  test("integers beyond 2⁵³ keep their digits", () => {
    expect(withLookup.parseTurn('<lookup>{"id": 2512292042121000001}</lookup>')).toMatchObject({ input: { id: "2512292042121000001" } });
  });

  test("a tag of their own calls them with the JSON inside", () => {
    expect(withLookup.parseTurn('I ask: <lookup> {"key":"b"} </lookup>')).toEqual({
      kind: "call",
      tool: "key_value_store",
      input: { key: "b" },
      source: '{"key":"b"}',
      offset: 7,
    });
    expect(withLookup.stopStrings).toEqual(["</code>", "</lookup>", "</answer>"]);
    expect(withLookup.parseTurn("<code>1</code>")).toMatchObject({ kind: "call", tool: "code_interpreter", input: { code: "1" } });
  });

  test("what is no JSON reaches the tool as it stands", () => {
    expect(withLookup.parseTurn("<lookup>b</lookup>")).toMatchObject({ input: "b", source: "b" });
  });

  test("what closes first counts", () => {
    expect(withLookup.parseTurn("<lookup>1</lookup><code>2</code>")).toMatchObject({ source: "1" });
    expect(withLookup.parseTurn("<code>2</code><lookup>1</lookup>")).toMatchObject({ source: "2" });
    expect(withLookup.parseTurn("<answer>3</answer><lookup>1</lookup>")).toEqual({ kind: "answer" });
    expect(withLookup.parseTurn("1</lookup>")).toEqual({ kind: "malformed", reason: "</lookup> without <lookup>" });
  });

  test("their tags are inert in results", () => {
    const [, output] = withLookup.renderResult("<lookup>{}</lookup></answer>");
    expect(output).toEqual({ text: "<\\lookup>{}<\\/lookup><\\/answer>", trusted: false });
  });

  test("a tag that means something else is refused", () => {
    expect(() => xmlDialect({ toolTags: { answer: "x" } })).toThrow("toolTags: expected a name");
    expect(() => xmlDialect({ toolTags: { "a b": "x" } })).toThrow("toolTags: expected a name");
  });
});

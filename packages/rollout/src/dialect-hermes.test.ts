import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hermesDialect } from "./dialect-hermes.js";

const dialect = hermesDialect();
const call = (name: string, input: unknown) => `<tool_call>\n${JSON.stringify({ name, arguments: input })}\n</tool_call>`;
const text = (pieces: readonly { readonly text: string }[]) => pieces.map((piece) => piece.text).join("");

describe("parseTurn", () => {
  test("a call carries its input, its source and where it begins", () => {
    expect(dialect.parseTurn(`So:\n${call("lookup", { key: "a" })}<|im_end|>`)).toEqual({
      kind: "calls",
      calls: [{ tool: "lookup", input: { key: "a" }, source: '{"key":"a"}', offset: 4 }],
    });
  });

  test("the source of a call of the interpreter is its code", () => {
    expect(dialect.parseTurn(call("code_interpreter", { code: "1 + 1" }))).toMatchObject({ calls: [{ source: "1 + 1" }] });
    expect(dialect.parseTurn(call("code_interpreter", "1 + 1"))).toMatchObject({ calls: [{ source: '"1 + 1"' }] });
  });

  test("code in a fence is run without it, code with a fence in it is run as it is", () => {
    const turn = (code: string) => `<tool_call>${JSON.stringify({ name: "code_interpreter", arguments: { code } })}</tool_call>`;
    const docstring = "x = '''\n```js\n1\n```'''";
    const codes = ["```python\nprint(1)\n```", "```js\na\n```\n```js\nb\n```", docstring, "console.log('</tool_call>')"];
    const run = codes.map((code) => {
      const action = hermesDialect().parseTurn(turn(code));
      return action.kind === "calls" && action.calls.map(({ input, source }) => ({ input, source }));
    });
    const expected = ["print(1)", "a", docstring, "console.log('</tool_call>')"];
    expect(run).toEqual(expected.map((code) => [{ input: { code }, source: code }]));
  });

  test("integers beyond 2⁵³ keep their digits, in the input as text and in the source as written", () => {
    const action = hermesDialect().parseTurn('<tool_call>{"name": "lookup", "arguments": {"id": 2512292042121000001, "n": 2}}</tool_call>');
    const call = { tool: "lookup", input: { id: "2512292042121000001", n: 2 }, source: '{"id":2512292042121000001,"n":2}', offset: 0 };
    expect(action).toEqual({ kind: "calls", calls: [call] });
  });

  test("the first calls of a turn are taken, as many as may run at once", () => {
    const turn = call("a", {}) + call("b", {}) + call("c", {});
    const taken = (maxParallelCalls: number) => {
      const action = hermesDialect({ maxParallelCalls }).parseTurn(turn);
      return action.kind === "calls" ? action.calls.map(({ tool }) => tool) : [];
    };
    expect([taken(1), taken(2), taken(9)]).toEqual([["a"], ["a", "b"], ["a", "b", "c"]]);
    expect(() => hermesDialect({ maxParallelCalls: 0 })).toThrow("maxParallelCalls: expected a number from 1, got 0");
  });

  test("blocks that are no calls are skipped; with no other the turn is malformed", () => {
    const bad = "<tool_call>{'name': 1}</tool_call>";
    expect(dialect.parseTurn(bad + call("f", {}))).toMatchObject({ kind: "calls", calls: [{ tool: "f" }] });
    expect(dialect.parseTurn(`${bad} \\boxed{1}`)).toEqual({
      kind: "malformed",
      reason: expect.stringMatching(/^<tool_call>: not JSON/) as string,
    });
  });

  test("without tools, what would be a call is text", () => {
    const alone = hermesDialect({ hasTools: false });
    expect(alone.parseTurn(call("lookup", { key: "a" }))).toEqual({ kind: "none" });
    expect(alone.parseTurn("<tool_call>{'name': 1}</tool_call>")).toEqual({ kind: "none" });
    expect(alone.parseTurn(`${call("lookup", { key: "a" })} \\boxed{1}`)).toEqual({ kind: "answer" });
  });

  test("without a call, a boxed text answers and any other does nothing", () => {
    expect(dialect.parseTurn("It is \\boxed{42}.<|im_end|>")).toEqual({ kind: "answer" });
    expect(dialect.parseTurn(`\\boxed{4} ${call("f", {})}`).kind).toBe("calls");
    expect(dialect.parseTurn("<tool_call>never closed")).toEqual({ kind: "none" });
    expect(hermesDialect({ answerMarker: "Answer:" }).parseTurn("Answer: 42")).toEqual({ kind: "answer" });
  });
});

describe("renderResult", () => {
  test("a result stands in a user's turn, as in Qwen2.5's template", () => {
    expect(dialect.renderResult("42")).toEqual([
      { text: "\n<|im_start|>user\n<tool_response>\n", trusted: true },
      { text: "42", trusted: false },
      { text: "\n</tool_response><|im_end|>\n<|im_start|>assistant\n", trusted: true },
    ]);
  });

  test("another template's text around results", () => {
    const texts = { endOfTurn: "<|eot|>", open: "<|tool|>", between: "<|eot|><|tool|>", close: "<|eot|><|assistant|>" };
    const other = hermesDialect({ texts });
    const write = (turn: string) => ["1", "2"].flatMap((output, index) => other.renderResult(output, { index, count: 2, turn }));
    expect(text(write("call<|eot|>"))).toBe("<|tool|>1<|eot|><|tool|>2<|eot|><|assistant|>");
    expect(text(write("call<|end|>"))).toBe("<|eot|><|tool|>1<|eot|><|tool|>2<|eot|><|assistant|>");
    expect(text(other.renderResult("1"))).toBe("<|tool|>1<|eot|><|assistant|>");
  });

  test("a turn that ended with another token gets the end that the template has", () => {
    const opening = (turn: string) => dialect.renderResult("42", { index: 0, count: 1, turn })[0]!.text;
    expect(opening("call<|im_end|>")).toBe("\n<|im_start|>user\n<tool_response>\n");
    expect(opening("call<|endoftext|>")).toBe("<|im_end|>\n<|im_start|>user\n<tool_response>\n");
  });

  test("several results share one turn", () => {
    const turn = "<|im_end|>";
    const pieces = ["1", "2"].flatMap((output, index) => dialect.renderResult(output, { index, count: 2, turn }));
    expect(text(pieces)).toBe(
      "\n<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response><|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("no output can hold a tag, whatever it is made of", () => {
    const scraps = fc.constantFrom(
      "<",
      "</",
      "|>",
      "<|",
      "im_end",
      "im_start",
      "tool_call>",
      "tool_response>",
      "<|im_end|>",
      "</tool_response>",
      "\\",
      "x",
    );
    fc.assert(
      fc.property(fc.array(scraps, { maxLength: 30 }), (pieces) => {
        const rendered = text(dialect.renderResult(pieces.join("")));
        expect(rendered.match(/<\|im_(?:start|end)\|>|<\/?tool_(?:call|response)>/g)).toEqual([
          "<|im_start|>",
          "<tool_response>",
          "</tool_response>",
          "<|im_end|>",
          "<|im_start|>",
        ]);
      }),
    );
  });
});

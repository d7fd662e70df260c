import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extractHermesCalls } from "./hermes-calls.js";

describe("extractHermesCalls", () => {
  test("calls carry name, arguments and place; the rest is content", () => {
    const text =
      'So <tool_call>\n{"name": "f", "arguments": {"k": [1]}}\n</tool_call> and <tool_call>{"name":"g","arguments":null}</tool_call>.';
    expect(extractHermesCalls(text)).toEqual({
      content: "So  and .",
      calls: [
        { name: "f", arguments: { k: [1] }, offset: 3 },
        { name: "g", arguments: null, offset: 71 },
      ],
      malformed: [],
    });
  });

  test.each([
    ["single quotes", "{'name':'f','arguments':{}}", /^not JSON: /],
    ["a raw newline in a string", '{"name":"f","arguments":{"code":"a\nb"}}', /^not JSON: /],
    ["nothing", "", /^not JSON: /],
    ["no arguments", '{"name":"f"}', /^arguments: /],
    ["no name", '{"arguments":{}}', /^name: /],
    ["a name that is no text", '{"name":1,"arguments":{}}', /^name: /],
    ["a list", '[{"name":"f","arguments":{}}]', /^call: /],
    ["an opening tag within", '<tool_call>{"name":"f","arguments":{}}', /^not JSON: /],
  ])("%s is malformed", (_, inside, reason) => {
    const { content, calls, malformed } = extractHermesCalls(`a <tool_call>${inside}</tool_call>`);
    expect([content, calls]).toEqual(["a ", []]);
    expect(malformed).toEqual([{ offset: 2, reason: expect.stringMatching(reason) as string }]);
  });

  test("bad blocks do not hide good ones", () => {
    const { calls, malformed } = extractHermesCalls('<tool_call>?</tool_call><tool_call>{"name":"f","arguments":{}}</tool_call>');
    expect([calls.length, malformed.length]).toEqual([1, 1]);
  });

  test("any arguments survive, also those that hold tags", () => {
    const text = fc.oneof(fc.string(), fc.constantFrom("</tool_call>", '"</tool_call>', "<tool_call>", '\\"</tool_call>\n'));
    fc.assert(
      fc.property(fc.string(), fc.array(text), fc.jsonValue(), (name, texts, value) => {
        const block = `<tool_call>${JSON.stringify({ name, arguments: { texts, value } })}</tool_call>`;
        const expected = { name, arguments: JSON.parse(JSON.stringify({ texts, value })) as unknown };
        const { calls, content } = extractHermesCalls(`${block} and ${block}`);
        expect([calls, content]).toEqual([
          [
            { ...expected, offset: 0 },
            { ...expected, offset: block.length + 5 },
          ],
          " and ",
        ]);
      }),
    );
  });

  test("a string that never ends reaches no further than its own block", () => {
    const { calls, malformed } = extractHermesCalls('<tool_call>{"name": "f</tool_call><tool_call>{"name":"g","arguments":{}}</tool_call>');
    expect([calls.length, malformed.length, malformed[0]?.offset]).toEqual([1, 1, 0]);
  });

  test("integers beyond 2⁵³ keep their digits", () => {
    const { calls } = extractHermesCalls('<tool_call>{"name": "f", "arguments": {"id": 2512292042121000001, "n": 3}}</tool_call>');
    expect(calls).toEqual([{ name: "f", arguments: { id: "2512292042121000001", n: 3 }, kept: ["2512292042121000001"], offset: 0 }]);
  });

  test("a megabyte of opening tags is read in linear time", () => {
    extractHermesCalls("<tool_call>".repeat(100_000));
    extractHermesCalls("<tool_call></tool_call>".repeat(50_000));
    extractHermesCalls('<tool_call>{"</tool_call>'.repeat(40_000));
    extractHermesCalls('<tool_call>{\\"</tool_call>'.repeat(40_000));
    expect(extractHermesCalls(`<tool_call>{"${"</tool_call>".repeat(80_000)}`).calls).toEqual([]);
  });
});

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

  test("any arguments survive, unless they hold a closing tag", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, value) => {
        const json = JSON.stringify({ name, arguments: value });
        fc.pre(!json.includes("</tool_call>"));
        const { calls } = extractHermesCalls(`<tool_call>${json}</tool_call>`);
        expect(calls).toEqual([{ name, arguments: JSON.parse(JSON.stringify(value)) as unknown, offset: 0 }]);
      }),
    );
  });

  test("a megabyte of opening tags is read in linear time", () => {
    const started = process.cpuUsage();
    extractHermesCalls("<tool_call>".repeat(100_000));
    extractHermesCalls("<tool_call></tool_call>".repeat(50_000));
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_000); // of the processor, whatever else it does
  });
});

import { describe, expect, test } from "vitest";
import type { ChatMessage } from "./chat-template.js";
import { conversationFault } from "./conversation-fault.js";
import { jsonlRows } from "./jsonl.js";

const user: ChatMessage = { role: "user", content: "q" };
const result: ChatMessage = { role: "tool", content: "12" };
const answer: ChatMessage = { role: "assistant", content: "\\boxed{12}" };
const calling = (...inputs: readonly (string | Record<string, unknown>)[]): ChatMessage => ({
  role: "assistant",
  content: "",
  tool_calls: inputs.map((input) => ({ function: { name: "f", arguments: input } })),
});

const named = (id: string): ChatMessage => ({
  role: "assistant",
  content: "",
  tool_calls: [{ id, function: { name: "f", arguments: {} } }],
});

describe("in Hermes", () => {
  test.each<[found: string | undefined, messages: ChatMessage[]]>([
    [undefined, [user, answer]],
    [undefined, [user, calling({ a: 1 }), result, answer]],
    [undefined, [user, calling('{"a": 1}'), result, answer]],
    [undefined, [user, calling({ a: 1 }, { a: 2 }), result, result, answer]],
    [undefined, [user, calling({ a: 1 }), result, calling({ a: 2 }), result, answer]],
    [undefined, [{ role: "system", content: "s" }, user, answer, user, answer]],
    ["a turn of the assistant before the result of a call", [user, calling({ a: 1 }), answer]],
    ["a turn of the assistant before the result of a call", [user, calling({ a: 1 }, { a: 2 }), result, answer]],
    ["a turn of the user before the result of a call", [user, calling({ a: 1 }), user, answer]],
    ["a call without a result at the end", [user, calling({ a: 1 })]],
    ["a second turn of the assistant", [user, { role: "assistant", content: "Let me see." }, answer]],
    ["a result without a call", [user, result, answer]],
    ["a result without a call", [user, calling({ a: 1 }), result, result, answer]],
    ["none", [user, calling({ a: 1 }), result]],
    ["an empty turn", [user, { role: "assistant", content: " \n" }]],
    ['"not json"', [user, calling("not json"), result, answer]],
    ['"[1]"', [user, calling("[1]"), result, answer]],
    ['"12"', [user, calling("12"), result, answer]],
    ["message 1, which is empty", [{ role: "user", content: null }, answer]],
    ["message 3, which is empty", [user, answer, { role: "user", content: " " }, answer]],
    ["<tool_call> in the text", [user, { role: "assistant", content: '<tool_call>\n{"name": "f"' }]],
    ["<tool_response> in the text", [user, { role: "assistant", content: "<tool_response>\n1\n</tool_response>\n1" }]],
    ["message 2, <|im_end|>", [user, { role: "assistant", content: "a<|im_end|>\n<|im_start|>user\nb" }]],
    ["that of b", [user, named("a"), { ...result, tool_call_id: "b" }, answer]],
    [undefined, [user, named("a"), { ...result, tool_call_id: "a" }, answer]],
    [undefined, [user, calling({ a: 1 }), { ...result, tool_call_id: "a" }, answer]],
  ])("%s", (found, messages) => {
    const fault = conversationFault(messages, { dialect: "hermes" });
    if (found === undefined) expect(fault).toBeUndefined();
    else expect(fault?.found).toContain(found);
  });

  test("an argument that a number of JavaScript would round is a fault, the same digits as text are none", async () => {
    const row = (id: string) =>
      `{"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": {"id": ${id}}}}}]}, {"role": "tool", "content": "1"}, {"role": "assistant", "content": "x"}]}`;
    const faults: (string | undefined)[] = [];
    for await (const { value, kept } of jsonlRows([row("2512292042121000001"), row('"2512292042121000001"'), row("251229204212")], "f")) {
      faults.push(conversationFault(value["messages"] as ChatMessage[], { dialect: "hermes", kept })?.found);
    }
    expect(faults).toEqual([expect.stringContaining("2512292042121000001"), undefined, undefined]);
  });
});

describe("in XML", () => {
  const fault = (content: string) => conversationFault([user, { role: "assistant", content }], { dialect: "xml" })?.found;

  test.each<[found: string | undefined, content: string]>([
    [undefined, "<answer>2</answer>"],
    [undefined, "<code>1+1</code>\n<interpreter>\n2</interpreter>\n\n<answer>2</answer>"],
    [undefined, "<code>log('<interpreter>fake</interpreter>')</code>\n<interpreter>\n2</interpreter>\n\n<answer>2</answer>"],
    [undefined, "<code>a</code><interpreter>1</interpreter> and <code>b</code> \n<interpreter>2</interpreter><answer>2</answer>"],
    ['text between: "gives"', "<code>b</code> gives <interpreter>2</interpreter><answer>2</answer>"],
    ["<answer></answer>", "<answer> </answer>"],
    ["<answer> twice", "I write <answer> later. <answer>2</answer>"],
    ["<tool_call>, a tag of the other dialect", '<tool_call>{"name": "f"}</tool_call><answer>2</answer>'],
    ["none behind the last", "<code>1+1</code> <answer>2</answer>"],
    ["<code> before the output of another", "<code>a</code><code>b</code><interpreter>2</interpreter><answer>2</answer>"],
    ["<interpreter> without <code>", "<interpreter>2</interpreter><answer>2</answer>"],
    ["<interpreter> without <code>", "<code>a</code><interpreter>1</interpreter><interpreter>2</interpreter>"],
    ["<code> alone", "<code>1+1 <answer>2</answer>"],
    ["<answer> twice", "<answer>1</answer> or <answer>2</answer>"],
    ["</answer> twice", "<answer>1</answer> or 2</answer>"],
    [undefined, "<code>log('</answer>')</code><interpreter>2</interpreter><answer>2</answer>"],
    ["</code> alone", "1+1</code> <answer>2</answer>"],
    ["<interpreter> alone", "<code>a</code><interpreter>2 <answer>2</answer>"],
  ])("%s: %s", (found, content) => {
    if (found === undefined) expect(fault(content)).toBeUndefined();
    else expect(fault(content)).toContain(found);
  });
});

import { corpus, createTokenizer, type DatasetRow, jsonlRows, jsonRows, TINY_SPLIT, trainBpe } from "@retool-ts/data";
import { hermesDialect, xmlDialect } from "@retool-ts/rollout";
import { describe, expect, test } from "vitest";
import { encodeConversation, type RowEnvironment } from "./encode-conversation.js";

const files = trainBpe(corpus(60), { vocabSize: 400, splitPattern: TINY_SPLIT, specialTokens: ["<|end|>", "<code>", "</code>"] });
const tokenizer = createTokenizer({ ...files, config: { ...files.config, eos_token: "<|end|>" } });
const budgets = { maxResponseTokens: 1_000, maxTurnTokens: 1_000, maxTurns: 9, maxToolCalls: 9, maxToolOutputChars: 100 };
const encodePrompt = (question: string) => tokenizer.encode(`Q: ${question}\n`);

const xml: RowEnvironment = {
  dialect: xmlDialect({ resultOpen: "<interpreter>", resultClose: "</interpreter>" }),
  budgets,
  encodePrompt,
  endOfTurn: "",
};
const hermes: RowEnvironment = { dialect: hermesDialect(), budgets, encodePrompt, endOfTurn: "<|end|>" };

const response = "Look.\n<code>\n6*7\n</code>\n<interpreter>\n42\n</interpreter>\n\nSo <answer>\\boxed{42}</answer>";
const sftRow = {
  messages: [
    { role: "user", content: "Long instructions.\n\n*user question:*\n6 * 7?" },
    { role: "assistant", content: response },
  ],
};

/** The text of a row, what is learned of it in [ ]. */
function shown(value: Record<string, unknown>, environment: RowEnvironment): string {
  const { tokenIds, lossMask } = encodeConversation({ value, where: "row 1" }, environment, tokenizer);
  let text = "";
  let learned = 0;
  let run: number[] = [];
  const flush = (next: number) => {
    const part = tokenizer.decode(run, { skipSpecialTokens: false });
    text += learned === 1 ? `[${part}]` : part;
    [run, learned] = [[], next];
  };
  for (let t = 0; t < tokenIds.length; t++) {
    if (lossMask[t]! !== learned) flush(lossMask[t]!);
    run.push(tokenIds[t]!);
  }
  flush(0);
  return text;
}

describe("in XML", () => {
  const expected = "Q: 6 * 7?\n[Look.\n<code>\n6*7\n</code>]<interpreter>42</interpreter>[So <answer>\\boxed{42}</answer>]";

  test("rows of ReTool-SFT have the config's prompt and the environment's text around outputs, which is not learned", () => {
    expect(shown(sftRow, xml)).toBe(expected);
  });

  test("the model's end of turn is learned behind the answer", () => {
    const ending = { ...xml, dialect: xmlDialect({ answerStops: false }), endOfTurn: "<|end|>" };
    expect(shown(sftRow, ending)).toMatch(/\[So <answer>\\boxed\{42\}<\/answer><\|end\|>\]$/);
  });

  test("blanks behind the answer are not learned, as no rollout has them", () => {
    const answer = { role: "assistant", content: "<answer>2</answer>\n\n" };
    expect(shown({ messages: [{ role: "user", content: "2?" }, answer] }, xml)).toBe("Q: 2?\n[<answer>2</answer>]");
  });

  test("so have converted rows, with any prompt", () => {
    const converted = [{ role: "user", content: "6 * 7?" }, sftRow.messages[1]];
    expect(shown({ messages: converted }, xml)).toBe(expected);
  });

  test("an output without text and one that names tags", () => {
    const content =
      "<code>a</code><interpreter></interpreter><code>b</code><interpreter>x <|end|> </answer></interpreter><answer>z</answer>";
    const text = shown(
      {
        messages: [
          { role: "user", content: "?" },
          { role: "assistant", content },
        ],
      },
      xml,
    );
    expect(text).toBe(
      "Q: ?\n[<code>a</code>]<interpreter></interpreter>[<code>b</code>]<interpreter>x <|end|> <\\/answer></interpreter>[<answer>z</answer>]",
    );
    const { tokenIds } = encodeConversation(
      {
        value: {
          messages: [
            { role: "user", content: "?" },
            { role: "assistant", content },
          ],
        },
        where: "",
      },
      xml,
      tokenizer,
    );
    expect(Array.from(tokenIds)).not.toContain(tokenizer.tokenToId("<|end|>"));
  });

  test("long outputs are cut as in rollouts", () => {
    const content = `<code>a</code><interpreter>${"9".repeat(300)}</interpreter><answer>z</answer>`;
    expect(
      shown(
        {
          messages: [
            { role: "user", content: "?" },
            { role: "assistant", content },
          ],
        },
        xml,
      ),
    ).toContain("...(truncated)...");
  });
});

describe("in Hermes", () => {
  test("rows of ReTool-SFT become calls, and turns end with the template's token", () => {
    expect(shown(sftRow, hermes)).toMatch(
      /^Q: 6 \* 7\?\n\[Look\.\n<tool_call>\n\{"name": "code_interpreter", "arguments": \{"code": "[^"]*6\*7[^"]*"\}\}\n<\/tool_call><\|end\|>\][^[]*42[^[]*\[So \\boxed\{42\}<\|end\|>\]$/,
    );
  });
});

describe("a row that cannot be used is named", () => {
  test.each<[message: RegExp, environment: RowEnvironment, messages: readonly object[]]>([
    [
      /row 1: expected tool calls, as dialect\.name: hermes/,
      hermes,
      [
        { role: "user", content: "6 * 7?" },
        { role: "assistant", content: response.replaceAll(/<\/?answer>/g, "") },
      ],
    ],
    [
      /row 1: expected one response with tags/,
      xml,
      [
        { role: "user", content: "?" },
        { role: "assistant", content: "a" },
        { role: "assistant", content: "b" },
      ],
    ],
    [
      /row 1: expected a user's question.*found system, user, assistant/,
      xml,
      [
        { role: "system", content: "s" },
        { role: "user", content: "?" },
        { role: "assistant", content: "b" },
      ],
    ],
    [/row 1: expected a column messages/, xml, []],
    [
      /row 1: expected a response that ends with <\/answer>.*no tags/,
      xml,
      [
        { role: "user", content: "?" },
        { role: "assistant", content: "no tags, just \\boxed{2}" },
      ],
    ],
    [
      /row 1: expected a call before each result.*message 2, a result without a call/,
      hermes,
      [
        { role: "user", content: "?" },
        { role: "tool", content: "1" },
        { role: "assistant", content: "b" },
      ],
    ],
  ])("%s", (message, environment, messages) => {
    expect(() => encodeConversation({ value: { messages }, where: "row 1" }, environment, tokenizer)).toThrow(message);
  });
});

describe("what a row says", () => {
  const call = (input: string, more = "") =>
    `{"messages":[{"role":"user","content":"?"},{"role":"assistant","content":""${more},"tool_calls":[{"function":{"name":"f","arguments":${input}}}]},{"role":"tool","content":"1"},{"role":"assistant","content":"x"}]}`;
  const learned = async (text: string) => {
    const row = (await jsonlRows([text], "f.jsonl").next()).value as DatasetRow;
    const { tokenIds, lossMask } = encodeConversation(row, hermes, tokenizer);
    return tokenizer.decode(Array.from(tokenIds).filter((_, at) => lossMask[at] === 1));
  };

  // What json.dumps(json.loads(…), ensure_ascii=False) of CPython gives, as transformers' chat templates write arguments.
  test.each([
    ['{"x":1.0,"y":[1e16,1e-7]}', '{"x": 1.0, "y": [1e+16, 1e-07]}'],
    ['{"b":1,"1":2,"0":3}', '{"b": 1, "1": 2, "0": 3}'],
    ['{"id":2512292042121000001}', '{"id": 2512292042121000001}'],
    ['{"__proto__":{"a":1}}', '{"__proto__": {"a": 1}}'],
    ['"{\\"id\\":2512292042121000001}"', '{"id":2512292042121000001}'],
  ])("arguments %s are learned as %s", async (written, expected) => {
    expect(await learned(call(written))).toContain(`"arguments": ${expected}}\n`);
    const [row] = jsonRows(`[${call(written)}]`, "f.json");
    expect(tokenizer.decode(encodeConversation(row!, hermes, tokenizer).tokenIds)).toContain(`"arguments": ${expected}}\n`);
  });

  test.each([
    ["message 2, reasoning_content", call("{}", ',"reasoning_content":"long"')],
    ["message 2, weight", call("{}", ',"weight":0')],
    ["message 2, train", call("{}", ',"train":false')],
    ["message 2, function_call", call("{}", ',"function_call":{"name":"f","arguments":"{}"}')],
  ])("%s is not lost in silence", async (found, text) => {
    await expect(learned(text)).rejects.toThrow(
      `f.jsonl: line 1: expected messages of role, content, tool_calls and tool_call_id, found ${found}`,
    );
  });

  test("fields that say nothing are passed over", async () => {
    expect(await learned(call("{}", ',"reasoning_content":"","weight":1,"train":true,"function_call":null'))).toContain('"arguments": {}');
  });
});

import { corpus, createTokenizer, TINY_SPLIT, trainBpe } from "@retool-ts/data";
import { expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { chatFormatFor } from "./chat-format.js";

const tokenizer = createTokenizer(trainBpe(corpus(50), { vocabSize: 300, splitPattern: TINY_SPLIT, specialTokens: ["<|end|>"] }));
const tools = [{ name: "code_interpreter" }, { name: "lookup" }];

test("a model of the paper's tags can call the tools that it was trained with, and its replies end where its rollouts did", async () => {
  const config = await loadConfig({ preset: "smoke", set: [] });
  const without = await chatFormatFor(config, { tokenizer, chatTemplate: undefined, eosTokenIds: [] }, tools);
  expect(without).toMatchObject({ dialect: "xml", prompt: "plain", tools: ["lookup", "code_interpreter"] });
  expect(without.stopStrings).toEqual(["</code>", "</lookup>", "</answer>"]);
  expect(without.parse('<lookup>{"key": "b"}</lookup>').calls).toEqual([{ name: "lookup", arguments: '{"key":"b"}' }]);
  const ended = await chatFormatFor(config, { tokenizer, chatTemplate: undefined, eosTokenIds: [tokenizer.tokenToId("<|end|>")!] }, tools);
  expect(ended.stopStrings).toEqual(["</code>", "</lookup>"]);
});

test("a model with a chat template is told of its tools there, and can call any", async () => {
  const config = await loadConfig({ preset: "smoke", set: [] });
  const format = await chatFormatFor(config, { tokenizer, chatTemplate: "{{ messages[0].content }}", eosTokenIds: [] }, tools);
  expect(format).toMatchObject({ dialect: "hermes", prompt: "chat", stopStrings: [] });
  expect(format.tools).toBeUndefined();
});

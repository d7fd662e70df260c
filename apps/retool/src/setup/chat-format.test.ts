import { corpus, createTokenizer, renderChat, TINY_SPLIT, trainBpe } from "@retool-ts/data";
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

test("a model that was trained with tags inside its chat template is served with them, and to an agent in the template", async () => {
  const config = await loadConfig({ preset: "smoke", set: ["dialect.name=xml"] });
  const chatTemplate =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
  const model = { tokenizer, chatTemplate, eosTokenIds: [tokenizer.tokenToId("<|end|>")!] };
  const format = await chatFormatFor(config, model, tools, "trained");
  expect(format).toMatchObject({ dialect: "xml", prompt: "chat", apart: "results", tools: ["lookup", "code_interpreter"] });
  const asked = [{ role: "system", content: "s" }, { role: "user", content: "q" }] as const; // prettier-ignore
  const reply = { role: "assistant", content: "so <code>1</code>" } as const;
  const render = (messages: Parameters<typeof renderChat>[1], addGenerationPrompt: boolean) =>
    renderChat(format.template, messages, { addGenerationPrompt, tools: [], variables: format.variables });
  expect(render(asked, true)).toBe("[system]s<|end|>[user]q<|end|>[assistant]");
  const begun = "[system]s<|end|>[user]q<|end|>[assistant]so <code>1</code>";
  expect(render([...asked, reply], false)).toBe(begun);
  expect(render([...asked, reply, { role: "tool", content: "1" }], true)).toBe(`${begun}<interpreter>1</interpreter>`);
  expect(render([...asked, reply, { role: "user", content: "r" }], true)).toBe(`${begun}[user]r<|end|>[assistant]`);
  expect(await chatFormatFor(config, model, tools)).toMatchObject({ dialect: "hermes", template: chatTemplate });
});

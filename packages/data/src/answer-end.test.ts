import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { answerEnd } from "./answer-end.js";

const qwen = readFileSync(new URL("../test/fixtures/qwen25-chat-template.jinja", import.meta.url), "utf8");

test("ChatML ends an answer with <|im_end|>, whatever else may end a text", () => {
  expect(answerEnd(qwen, { endTokens: ["<|endoftext|>", "<|im_end|>"] })).toBe("<|im_end|>");
});

test("what stands between answer and end belongs to it; the first end counts", () => {
  const template = "{% for m in messages %}[{{ m.content }}\n</s><|eot|>]{% endfor %}";
  expect(answerEnd(template, { endTokens: ["<|eot|>", "</s>"] })).toBe("\n</s>");
});

test("a template that writes no end leaves the model's own; without one there is none", () => {
  const template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
  expect(answerEnd(template, { endTokens: ["<eos>"] })).toBe("<eos>");
  expect(answerEnd(template, { endTokens: [] })).toBe("");
});

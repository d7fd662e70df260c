import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { renderChat, type ChatMessage, type ToolSchema } from "../src/index.js";
import { hasShared, needsShared, sharedPath } from "./shared.js";

interface Vector {
  readonly name: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolSchema[] | null;
  readonly add_generation_prompt: boolean;
  readonly expected: string;
}
const template = readFileSync(new URL("fixtures/qwen25-chat-template.jinja", import.meta.url), "utf8");

describe.skipIf(!hasShared)(`Qwen2.5 conversations${needsShared}`, () => {
  const file = "golden/qwen25_chat_template_vectors.jsonl";
  const vectors = hasShared
    ? readFileSync(sharedPath(file), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Vector)
    : [];

  test("render as the reference renders them", () => {
    expect(vectors).toHaveLength(26);
    for (const { name, messages, tools, add_generation_prompt: addGenerationPrompt, expected } of vectors) {
      expect(renderChat(template, messages, { tools: tools ?? [], addGenerationPrompt }), name).toBe(expected);
    }
  });
});

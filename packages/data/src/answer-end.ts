import { renderChat, type ChatMessage } from "./chat-template.js";
import type { ToolTurnOptions } from "./tool-turn.js";

const ANSWER = "Txanswer";

/**
 * Finds the text behind a model's answer in its chat template, up to the control token that ends the turn: `<|im_end|>` in ChatML. A
 * model must write it, or a server does not know that the answer is over.
 *
 * @returns the first of the end tokens for a template that writes none; empty if there is none either.
 */
export function answerEnd(template: string, { endTokens, variables = {} }: Omit<ToolTurnOptions, "tools">): string {
  const messages: ChatMessage[] = [
    { role: "user", content: "Qxquestion" },
    { role: "assistant", content: ANSWER },
  ];
  const rendered = renderChat(template, messages, { addGenerationPrompt: false, variables });
  const behind = rendered.slice(rendered.lastIndexOf(ANSWER) + ANSWER.length);
  const ends = endTokens.filter((token) => behind.includes(token)).map((token) => behind.indexOf(token) + token.length);
  return ends.length === 0 ? (endTokens[0] ?? "") : behind.slice(0, Math.min(...ends));
}

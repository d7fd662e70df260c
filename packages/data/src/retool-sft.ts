import { InputError } from "@retool-ts/core";
import { z } from "zod";
import type { ChatMessage } from "./chat-template.js";

/** Ways in which a conversation writes calls: the paper's tags in one response, or messages with tool calls as Hermes models know them. */
export type ConversationDialect = "xml" | "hermes";

/** Options of {@link convertReToolRow}. */
export interface ConvertReToolOptions {
  readonly dialect: ConversationDialect;
  /** Names the row in messages. Default `row`. */
  readonly where?: string;
  /** XML only: text around interpreter output, which should be what the environment writes in rollouts. */
  readonly resultOpen?: string;
  readonly resultClose?: string;
}

/** A row of ReTool-SFT: what the user asks, and one response. Further messages are ignored. */
const Row = z.object({
  messages: z.tuple(
    [z.object({ role: z.literal("user"), content: z.string() }), z.object({ role: z.literal("assistant"), content: z.string() })],
    z.unknown(),
  ),
});

const QUESTION = "*user question:*";
const TOOL = "code_interpreter";
const FENCE = /```(?:python|javascript)([\s\S]*?)```/;

/** Text, the code after it as it is written, and its output. */
interface Exchange {
  readonly text: string;
  readonly block: string;
  readonly output: string;
}

/** A response taken apart; `end` is what follows the last output, with the answer in its tags. */
interface Response {
  readonly exchanges: readonly Exchange[];
  readonly end: string;
}

/**
 * Converts a row of ReTool-SFT, whose response is one text with `<code>`, `<interpreter>` and `<answer>`.
 *
 * To `hermes`: the question without the instructions on tags, then assistant messages with one call of `code_interpreter` each, tool
 * messages, and an assistant message with the answer, as verl's recipe makes them. Code is the inside of the first Python or JavaScript
 * fence of a block, or the block as it is. To `xml`: the prompt as it is and one assistant message, in which output stands as the environment
 * writes it in rollouts, so that nothing but the policy's own text is left to the policy.
 *
 * @throws InputError for a row without question marker or answer, with code that has no output, or with text behind the answer.
 */
export function convertReToolRow(row: unknown, options: ConvertReToolOptions): ChatMessage[] {
  const { dialect, where = "row", resultOpen = "\n<interpreter>\n", resultClose = "</interpreter>\n\n" } = options;
  const parsed = Row.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw refuse(where, "messages of a user and an assistant", `${issue.path.join(".")}: ${issue.message}`);
  }
  const [user, assistant] = parsed.data.messages;
  const question = questionOf(user.content, where);
  const response = readResponse(assistant.content, where);
  switch (dialect) {
    case "hermes":
      return [{ role: "user", content: question }, ...hermesMessages(response, where)];
    case "xml":
      return [
        { role: "user", content: user.content },
        { role: "assistant", content: xmlResponse(response, resultOpen, resultClose) },
      ];
  }
}

function questionOf(prompt: string, where: string): string {
  const marker = prompt.indexOf(QUESTION);
  if (marker < 0) throw refuse(where, `${QUESTION} in the user's message`, "none");
  return prompt
    .slice(marker + QUESTION.length)
    .replaceAll(/<\/?answer>/g, "")
    .trim();
}

function readResponse(response: string, where: string): Response {
  const exchanges: Exchange[] = [];
  let position = 0;
  for (let code = response.indexOf("<code>"); code >= 0; code = response.indexOf("<code>", position)) {
    const block = between(response, "<code>", "</code>", code, where);
    const interpreter = between(response, "<interpreter>", "</interpreter>", block.end, where);
    const next = response.indexOf("<code>", block.end);
    if (next >= 0 && next < interpreter.start) throw refuse(where, "<interpreter> after each code block", "another <code>");
    exchanges.push({
      text: response.slice(position, code),
      block: response.slice(code, block.end),
      output: interpreter.inside.trim(),
    });
    position = interpreter.end;
  }
  const end = response.slice(position);
  const answer = between(end, "<answer>", "</answer>", 0, where);
  if (answer.end < end.length) throw refuse(where, "nothing behind </answer>", JSON.stringify(end.slice(answer.end, answer.end + 40)));
  return { exchanges, end };
}

function hermesMessages({ exchanges, end }: Response, where: string): ChatMessage[] {
  const calls = exchanges.flatMap(({ text, block, output }): ChatMessage[] => {
    const inside = block.slice("<code>".length, -"</code>".length);
    const code = FENCE.exec(inside)?.[1]?.trim() ?? inside;
    const call = { type: "function" as const, function: { name: TOOL, arguments: { code } } };
    return [
      { role: "assistant", content: text.trim(), tool_calls: [call] },
      { role: "tool", content: output },
    ];
  });
  const answer = between(end, "<answer>", "</answer>", 0, where);
  return [...calls, { role: "assistant", content: (end.slice(0, answer.start) + answer.inside).trim() }];
}

function xmlResponse({ exchanges, end }: Response, resultOpen: string, resultClose: string): string {
  const texts = [...exchanges.map(({ text, block }) => text + block), end];
  const own = texts.map((text, index) => (index === 0 ? text : text.trimStart()));
  return own.map((text, index) => (index < exchanges.length ? text + resultOpen + exchanges[index]!.output + resultClose : text)).join("");
}

interface TagPair {
  /** Start of the opening tag. */
  readonly start: number;
  readonly inside: string;
  /** Behind the closing tag. */
  readonly end: number;
}

function between(text: string, open: string, close: string, from: number, where: string): TagPair {
  const start = text.indexOf(open, from);
  if (start < 0) throw refuse(where, open, "none");
  const last = text.indexOf(close, start + open.length);
  if (last < 0) throw refuse(where, `${close} after ${open}`, "none");
  return { start, inside: text.slice(start + open.length, last), end: last + close.length };
}

function refuse(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "ReTool-SFT row", where, expected, found, fix: "correct the row, or leave it out" });
}

import type { ChatMessage, ChatToolCall } from "./chat-template.js";
import { responseParts } from "./conversation.js";
import type { ConversationDialect } from "./retool-sft.js";

/** A reason not to learn a conversation: as it stands, a policy would learn text that no rollout has. */
export interface ConversationFault {
  readonly expected: string;
  readonly found: string;
}

/** Options of {@link conversationFault}. */
export interface ConversationFaultOptions {
  readonly dialect: ConversationDialect;
  /** Numbers of the row that stand as text because a double cannot hold them, see `DatasetRow.kept`. */
  readonly kept?: readonly string[] | undefined;
}

/**
 * The first fault of a conversation; undefined if it can be learned as it is.
 *
 * In Hermes every call has its result, every result its call, and turns of the assistant have results between them; neither stands in
 * a text. In XML the one response has an output behind each code block and nowhere else, and one answer.
 *
 * @example
 * ```ts test
 * import { conversationFault } from "@retool-ts/data";
 *
 * const messages = [{ role: "user", content: "6 · 7?" }, { role: "tool", content: "42" }] as const;
 * conversationFault(messages, { dialect: "hermes" })?.found; // => "message 2, a result without a call"
 * ```
 */
export function conversationFault(
  messages: readonly ChatMessage[],
  { dialect, kept = [] }: ConversationFaultOptions,
): ConversationFault | undefined {
  const calls = messages.flatMap(({ tool_calls }) => tool_calls ?? []);
  const unread = calls.map((call) => argumentsFault(call, kept)).find((fault) => fault !== undefined);
  if (unread) return unread;
  const asked = messages.findIndex(({ role, content }) => role === "user" && (content ?? "").trim() === "");
  if (asked >= 0) return { expected: "text in each message of the user", found: `message ${asked + 1}, which is empty` };
  const control = messages.findIndex(({ role, content }) => role === "assistant" && CONTROL.test(content ?? ""));
  if (control >= 0)
    return {
      expected: "no control tokens in the assistant's text",
      found: `message ${control + 1}, ${CONTROL.exec(messages[control]!.content!)![0]}`,
    };
  return dialect === "hermes" ? faultOfTurns(messages) : faultOfTags(messages);
}

/** Tokens of chat templates: inside a text they would end its turn, or begin another. */
const CONTROL = /<\|(?:im_start|im_end|endoftext|eot_id|eom_id|start_header_id|end_header_id|begin_of_text|end_of_text)\|>/;
/** Calls and results as text, which belong into fields and messages of their own. */
const MARKUP = /<\/?tool_(?:call|response)>/;

function argumentsFault({ function: { name, arguments: input } }: ChatToolCall, kept: readonly string[]): ConversationFault | undefined {
  const expected = `arguments of ${name} as a JSON object`;
  if (typeof input === "string") {
    const value = parsed(input);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? undefined
      : { expected, found: JSON.stringify(input.slice(0, 60)) };
  }
  const rounded = kept.find((digits) => holds(input, digits));
  const found = `${rounded}, which has more digits than a number of JavaScript`;
  return rounded === undefined ? undefined : { expected: `arguments of ${name} as text, or with numbers up to 2⁵³`, found };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function holds(value: unknown, digits: string): boolean {
  if (typeof value !== "object" || value === null) return value === digits;
  return Object.values(value).some((inner) => holds(inner, digits));
}

function faultOfTurns(messages: readonly ChatMessage[]): ConversationFault | undefined {
  let open: readonly (string | undefined)[] = []; // ids of calls without a result so far
  let before: ChatMessage["role"] | undefined;
  for (const [index, { role, content, tool_calls, tool_call_id: of }] of messages.entries()) {
    const fault = (expected: string, found: string) => ({ expected, found: `message ${index + 1}, ${found}` });
    if (role === "tool") {
      if (open.length === 0) return fault("a call before each result", "a result without a call");
      const [id, ...later] = open;
      if (id !== undefined && of !== undefined && id !== of) return fault(`the result of the call ${id}`, `that of ${of}`);
      open = later;
    } else {
      if (open.length > 0)
        return fault("the results of a turn's calls right behind it", `a turn of the ${role} before the result of a call`);
      if (role === "assistant") {
        if (before === "assistant")
          return fault("one turn of the assistant at a time", "a second turn of the assistant without a message between");
        const markup = MARKUP.exec(content ?? "");
        if (markup) return fault("calls in tool_calls, and results in messages of the tool", `${markup[0]} in the text`);
        open = (tool_calls ?? []).map(({ id }) => id);
        if (open.length === 0 && (content ?? "").trim() === "")
          return fault("text or a call in each turn of the assistant", "an empty turn");
      }
    }
    before = role;
  }
  if (open.length > 0) return { expected: "a result for each call", found: "a call without a result at the end" };
  return before === "tool" ? { expected: "an answer behind the last result", found: "none" } : undefined;
}

function faultOfTags(messages: readonly ChatMessage[]): ConversationFault | undefined {
  let open = false; // a code block without its output
  let answers = 0;
  let begun = 0;
  let between = ""; // text behind a code block
  for (const { kind, text } of messages.flatMap(({ role, content }) => (role === "assistant" ? responseParts(content ?? "") : []))) {
    if (kind === "text") {
      answers += text.split("</answer>").length - 1;
      begun += text.split("<answer>").length - 1;
      const markup = MARKUP.exec(text);
      if (markup) return { expected: "code in <code>", found: `${markup[0]}, a tag of the other dialect` };
      if (/<answer>\s*<\/answer>/.test(text)) return { expected: "an answer in its tag", found: "<answer></answer>" };
      if (open) between += text;
    }
    if (begun > 1) return { expected: "one answer, which ends the response", found: "<answer> twice" };
    if (answers > 1) return { expected: "one answer, which ends the response", found: "</answer> twice" };
    if (kind === "output" && open && between.trim() !== "")
      return { expected: "an output right behind each code block", found: `text between: ${JSON.stringify(between.trim().slice(0, 40))}` };
    if (kind !== "text") between = "";
    if (kind === "code" && open) return { expected: "an output behind each code block", found: "<code> before the output of another" };
    if (kind === "output" && !open) return { expected: "a code block before each output", found: "<interpreter> without <code>" };
    if (kind !== "text") open = kind === "code";
    else if (/<\/?(?:code|interpreter)>/.test(text))
      return { expected: "tags in pairs", found: /<\/?(?:code|interpreter)>/.exec(text)![0] + " alone" };
  }
  return open ? { expected: "an output behind each code block", found: "none behind the last" } : undefined;
}

import { InputError } from "@retool-ts/core";
import { renderChat, type ChatMessage, type ToolSchema } from "./chat-template.js";

/** Text that a chat template writes around the results of one turn's calls: `open` RESULT `between` RESULT `close`, then the policy goes on. */
export interface ToolTurnTexts {
  /** The control token that ends the policy's turn; empty if the template has none. */
  readonly endOfTurn: string;
  /** From behind the end of the turn to the first result. */
  readonly open: string;
  readonly between: string;
  /** From behind the last result to where the policy's next turn begins. */
  readonly close: string;
}

/** Options of {@link toolTurnTexts}. */
export interface ToolTurnOptions {
  readonly tools: readonly ToolSchema[];
  /** Control tokens that may end a turn. */
  readonly endTokens: readonly string[];
  readonly variables?: Readonly<Record<string, unknown>>;
}

const QUESTION = "Qxquestion";
const RESULTS = ["Rxfirst", "Rxsecond"] as const;
const CALL_END = "</tool_call>";

/**
 * Finds what a model's chat template writes between a turn that calls tools and the next one, so that a rollout can append exactly
 * that to the ids that were sampled.
 *
 * This is possible only for a template that is append-only: what it writes for a conversation is the beginning of what it writes for
 * the same conversation with more messages. Some drop a turn's reasoning once another turn follows; then the policy would be trained
 * on text that no server shows it. Checked over two rounds of calls, with and without reasoning in `<think>` where the template
 * mentions it.
 *
 * @throws InputError when the template is not append-only, tells nothing of tools, or does not write calls as Hermes models do.
 */
export function toolTurnTexts(template: string, { tools, endTokens, variables = {} }: ToolTurnOptions): ToolTurnTexts {
  const render = (messages: readonly ChatMessage[], addGenerationPrompt: boolean, withTools = true) =>
    renderChat(template, messages, { ...(withTools ? { tools } : {}), addGenerationPrompt, variables });
  const question: ChatMessage = { role: "user", content: QUESTION };
  if (render([question], true) === render([question], true, false)) {
    throw refuse("a template that tells the model of its tools", "one that leaves them out");
  }
  const contents = template.includes("</think>") ? ["Txtext", "<think>\nTxreason\n</think>\n\nTxtext"] : ["Txtext"];
  for (const content of contents) checkAppendOnly(question, content, tools, render);

  const calling = [question, callingTurn(contents.at(-1)!, 1, tools)];
  const [before, single] = [render(calling, false), render([...calling, ...toolResults(1)], true)];
  const callEnd = before.lastIndexOf(CALL_END);
  if (callEnd < 0 || !/<tool_call>\s*\{[^]*\}\s*<\/tool_call>/.test(before)) {
    throw refuse("calls as <tool_call>{…}</tool_call>", "another way of writing calls");
  }
  const tail = before.slice(callEnd + CALL_END.length);
  const endOfTurn = endTokens.find((token) => tail.includes(token)) ?? "";
  const turnEnd = callEnd + CALL_END.length + tail.indexOf(endOfTurn) + endOfTurn.length;
  const [open, close] = splitAt(single.slice(turnEnd), [RESULTS[0]]);

  const two = [question, callingTurn(contents.at(-1)!, 2, tools)];
  const both = render([...two, ...toolResults(2)], true);
  const bothEnd = both.lastIndexOf(CALL_END, both.indexOf(RESULTS[0])) + CALL_END.length;
  const skipped = both.slice(bothEnd).indexOf(endOfTurn) + endOfTurn.length;
  const [openBoth, between, closeBoth] = splitAt(both.slice(bothEnd + skipped), RESULTS);
  if (open !== openBoth || close !== closeBoth) throw refuse("the same text around one result and around two", "different text");
  return { endOfTurn, open: open!, between: between!, close: close! };
}

/** Each conversation's text must be the beginning of the next one's. */
function checkAppendOnly(
  question: ChatMessage,
  content: string,
  tools: readonly ToolSchema[],
  render: (messages: readonly ChatMessage[], addGenerationPrompt: boolean) => string,
): void {
  const turn = callingTurn(content, 1, tools);
  const answer: ChatMessage = { role: "assistant", content };
  const stages: readonly (readonly [string, string])[] = [
    ["the beginning of a turn", render([question], true)],
    ["a turn that calls a tool", render([question, turn], false)],
    ["a tool result", render([question, turn, ...toolResults(1)], true)],
    ["a second call", render([question, turn, ...toolResults(1), turn], false)],
    ["a second tool result", render([question, turn, ...toolResults(1), turn, ...toolResults(1)], true)],
    ["the answer", render([question, turn, ...toolResults(1), turn, ...toolResults(1), answer], false)],
  ];
  for (let i = 1; i < stages.length; i++) {
    const [before, [what, after]] = [stages[i - 1]![1], stages[i]!];
    if (after.startsWith(before)) continue;
    let same = 0;
    while (before[same] === after[same]) same++;
    const excerpt = (text: string) => JSON.stringify(text.slice(Math.max(0, same - 20), same + 30));
    throw refuse(
      "an append-only template",
      `one that changes earlier text when ${what} follows: ${excerpt(before)} becomes ${excerpt(after)}`,
    );
  }
}

function callingTurn(content: string, count: number, tools: readonly ToolSchema[]): ChatMessage {
  const [tool] = tools;
  const call = (index: number) => ({
    type: "function" as const,
    id: `call${index}xxxx`,
    function: { name: tool?.function.name ?? "tool", arguments: { input: `Ax${index}` } },
  });
  return { role: "assistant", content, tool_calls: Array.from({ length: count }, (_, index) => call(index)) };
}

function toolResults(count: number): ChatMessage[] {
  return RESULTS.slice(0, count).map((content, index) => ({ role: "tool", content, tool_call_id: `call${index}xxxx` }));
}

function splitAt(text: string, marks: readonly string[]): string[] {
  const parts: string[] = [];
  let rest = text;
  for (const mark of marks) {
    const at = rest.indexOf(mark);
    if (at < 0) throw refuse("a template that shows tool results", "one that leaves them out");
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + mark.length);
  }
  return [...parts, rest];
}

function refuse(expected: string, found: string): InputError {
  const fix = "use dialect.name: xml, which needs no tool messages, or give another template as prompt.chatTemplate";
  return new InputError({ what: "chat template", where: "tool calls in the Hermes dialect", expected, found, fix });
}

import type { ChatMessage, ChatToolCall } from "./chat-template.js";
import type { TextSegment } from "./encode-example.js";

/** Interpreter output in a response, with the line breaks that belong to the environment. */
const OUTPUT = /(\n?<interpreter>\n?)([\s\S]*?)(<\/interpreter>\n{0,2})/g;
const CODE = /<code>([\s\S]*?)<\/code>/g;

/**
 * A conversation as stretches with one author, whichever dialect it is in: what is learned is `model`.
 *
 * Calls that are messages' own become Hermes text. A chat template's own text around messages is left out, so the segments are for
 * measuring conversations, and for training on those in XML.
 */
export function conversationSegments(messages: readonly ChatMessage[]): TextSegment[] {
  return messages.flatMap(({ role, content, tool_calls }): TextSegment[] => {
    const text = content ?? "";
    switch (role) {
      case "system":
      case "user":
        return [{ kind: "prompt", text }];
      case "tool":
        return [{ kind: "tool", text }];
      case "assistant":
        return [...responseSegments(text), ...(tool_calls ?? []).map((call): TextSegment => ({ kind: "model", text: callText(call) }))];
    }
  });
}

/** What a conversation calls tools with: the code of `<code>` blocks, code arguments, or arguments as JSON. */
export function conversationCalls(messages: readonly ChatMessage[]): string[] {
  return messages
    .filter(({ role }) => role === "assistant")
    .flatMap(({ content, tool_calls }) => [
      ...[...(content ?? "").matchAll(CODE)].map((match) => withoutFence(match[1]!)),
      ...(tool_calls ?? []).map(({ function: { arguments: input } }) => {
        if (typeof input === "string") return input;
        return typeof input["code"] === "string" ? input["code"] : JSON.stringify(input);
      }),
    ]);
}

function responseSegments(text: string): TextSegment[] {
  const segments: TextSegment[] = [];
  let position = 0;
  for (const match of text.matchAll(OUTPUT)) {
    const [whole, open, output, close] = match;
    segments.push({ kind: "model", text: text.slice(position, match.index) });
    segments.push(
      { kind: "tool", text: open!, trusted: true },
      { kind: "tool", text: output! },
      { kind: "tool", text: close!, trusted: true },
    );
    position = match.index + whole.length;
  }
  segments.push({ kind: "model", text: text.slice(position) });
  return segments.filter((segment) => segment.text !== "");
}

function callText({ function: { name, arguments: input } }: ChatToolCall): string {
  const json = typeof input === "string" ? input : JSON.stringify(input);
  return `\n<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${json}}\n</tool_call>`;
}

function withoutFence(code: string): string {
  return code
    .trim()
    .replace(/^```\w*\n?/, "")
    .replace(/```$/, "")
    .trim();
}

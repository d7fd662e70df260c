import type { ChatMessage, ChatToolCall } from "./chat-template.js";
import type { TextSegment } from "./encode-example.js";
import { jsonText } from "./json-text.js";

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
        return [
          ...responseSegments(text),
          ...(tool_calls ?? []).map((call): TextSegment => ({ kind: "model", text: `\n${hermesCallText(call)}` })),
        ];
    }
  });
}

/** Inputs of a conversation's tool calls: the code of `<code>` blocks, code arguments, or arguments as JSON. */
export function conversationCalls(messages: readonly ChatMessage[]): string[] {
  return messages
    .filter(({ role }) => role === "assistant")
    .flatMap(({ content, tool_calls }) => [
      ...responseParts(content ?? "").flatMap(({ kind, text }) => (kind === "code" ? [withoutFence(text.slice(6, -7))] : [])),
      ...(tool_calls ?? []).map(({ function: { arguments: input } }) => {
        if (typeof input === "string") return input;
        return typeof input["code"] === "string" ? input["code"] : JSON.stringify(input);
      }),
    ]);
}

/** A stretch of a response with tags: text, a code block with its tags, or an output with its tags and the line breaks around it. */
export interface ResponsePart {
  readonly kind: "text" | "code" | "output";
  readonly text: string;
}

const NEXT = /<code>|\n?<interpreter>/g;
const OUTPUT = /^(\n?<interpreter>\n?)([\s\S]*?)(<\/interpreter>\n{0,2})$/;

/** A response taken apart at its tags, from left to right: a tag inside a block belongs to the block. */
export function responseParts(response: string): ResponsePart[] {
  const parts: ResponsePart[] = [];
  const push = (kind: ResponsePart["kind"], start: number, end: number) => {
    if (end > start) parts.push({ kind, text: response.slice(start, end) });
  };
  let position = 0;
  NEXT.lastIndex = 0;
  for (let match = NEXT.exec(response); match !== null; match = NEXT.exec(response)) {
    const isCode = match[0] === "<code>";
    const closing = isCode ? "</code>" : "</interpreter>";
    const closed = response.indexOf(closing, match.index + match[0].length);
    if (closed < 0) break;
    let end = closed + closing.length;
    if (!isCode) for (let breaks = 0; breaks < 2 && response[end] === "\n"; breaks++) end++;
    push("text", position, match.index);
    push(isCode ? "code" : "output", match.index, end);
    position = NEXT.lastIndex = end;
  }
  push("text", position, response.length);
  return parts;
}

function responseSegments(text: string): TextSegment[] {
  const segments = responseParts(text).flatMap(({ kind, text: part }): TextSegment[] => {
    if (kind !== "output") return [{ kind: "model", text: part }];
    const [, open = "", output = "", close = ""] = OUTPUT.exec(part)!;
    return [
      { kind: "tool", text: open, trusted: true },
      { kind: "tool", text: output },
      { kind: "tool", text: close, trusted: true },
    ];
  });
  return joined(segments).filter((segment) => segment.text !== "");
}

/** Text and code side by side have one author. */
function joined(segments: readonly TextSegment[]): TextSegment[] {
  const result: TextSegment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    if (last?.kind === "model" && segment.kind === "model") result[result.length - 1] = { kind: "model", text: last.text + segment.text };
    else result.push(segment);
  }
  return result;
}

/** A call as Hermes models write it. */
export function hermesCallText({ function: { name, arguments: input } }: ChatToolCall): string {
  return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${typeof input === "string" ? input : jsonText(input)}}\n</tool_call>`;
}

function withoutFence(code: string): string {
  return code
    .trim()
    .replace(/^```\w*\n?/, "")
    .replace(/```$/, "")
    .trim();
}

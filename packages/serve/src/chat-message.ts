import type { ChatMessage, ChatToolCall } from "@retool-ts/data";
import { HttpFault } from "@retool-ts/http";
import { z } from "zod";
import { isDeep } from "./json-depth.js";

const TextPart = z.object({ type: z.enum(["text", "input_text", "refusal"]), text: z.string().optional(), refusal: z.string().optional() });
const OtherPart = z.looseObject({ type: z.string() });
const Content = z.union([z.string(), z.array(z.union([TextPart, OtherPart]))]).nullish();

const Call = z.object({
  id: z.string().optional(),
  type: z.literal("function").optional(),
  function: z.object({ name: z.string(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]) }),
});

/** A message as the API carries it; keys that say nothing to a template are left out. */
export const ApiMessage = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer", "user"]), content: Content, name: z.string().optional() }),
  z.object({ role: z.literal("assistant"), content: Content, tool_calls: z.array(Call).nullish(), name: z.string().optional() }),
  z.object({ role: z.literal("tool"), content: Content, tool_call_id: z.string(), name: z.string().optional() }),
]);
export type ApiMessage = z.infer<typeof ApiMessage>;

/**
 * A message as templates read it.
 *
 * @throws HttpFault for content that is not text.
 */
export function toChatMessage(message: ApiMessage, index: number): ChatMessage {
  const content = textOf(message.content, `messages[${index}].content`);
  switch (message.role) {
    case "system":
    case "developer":
      return { role: "system", content };
    case "user":
      return { role: "user", content };
    case "tool":
      return { role: "tool", content, tool_call_id: message.tool_call_id, ...(message.name !== undefined && { name: message.name }) };
    case "assistant": {
      const calls = message.tool_calls ?? [];
      return { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls.map(toChatCall) }) };
    }
  }
}

function textOf(content: z.infer<typeof Content>, param: string): string {
  if (content == null || typeof content === "string") return content ?? "";
  return content
    .map((part) => {
      if (!TextPart.safeParse(part).success) {
        throw new HttpFault(400, `${param}: expected text, found a part of type ${part.type.slice(0, 40)}`, {
          param,
          code: "unsupported_value",
        });
      }
      const { text, refusal } = part as z.infer<typeof TextPart>;
      return text ?? refusal ?? "";
    })
    .join("");
}

/** Templates take arguments as an object; text that is none stays text. */
function toChatCall({ id, function: { name, arguments: input } }: z.infer<typeof Call>): ChatToolCall {
  return {
    type: "function",
    ...(id !== undefined && { id }),
    function: { name, arguments: typeof input === "string" ? objectOf(input) : input },
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) && !isDeep(value)
      ? (value as Record<string, unknown>)
      : text;
  } catch {
    return text;
  }
}

/**
 * A message's identity: equal for messages that say the same, however a client spells them. Blanks around a reply and the layout of
 * arguments do not count; ids of calls do.
 */
export function messageKey({ role, content, tool_calls, tool_call_id }: ChatMessage): string {
  const calls = (tool_calls ?? []).map(({ id, function: { name, arguments: input } }) => [id ?? "", name, sortedJson(input)]);
  return JSON.stringify([role, role === "assistant" ? (content ?? "").trim() : (content ?? ""), calls, tool_call_id ?? ""]);
}

/** JSON with sorted keys. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

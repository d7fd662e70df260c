import { InputError } from "@retool-ts/core";
import { jsonTree, memberOf, pythonJson, type ChatMessage, type DatasetRow } from "@retool-ts/data";
import { z } from "zod";

/** Messages in order. */
export type Conversation = readonly ChatMessage[];

const Input = z.union([z.string(), z.record(z.string(), z.unknown())]);

/** Fields of messages that other formats give a meaning, and that are not read: reasoning, older calls, turns that are not learned. */
const UNREAD = ["reasoning_content", "reasoning", "thinking", "function_call", "weight", "train"] as const;

/** The part of a row that is measured. Parquet files have null where a message lacks a field. */
const Row = z.object({
  messages: z
    .array(
      z.object({
        role: z.enum(["system", "user", "assistant", "tool"]),
        content: z.string().nullish(),
        tool_calls: z
          .array(z.object({ id: z.string().nullish(), function: z.object({ name: z.string().min(1), arguments: Input }) }))
          .nullish(),
        tool_call_id: z.string().nullish(),
        ...Object.fromEntries(UNREAD.map((field) => [field, z.unknown().optional()])),
      }),
    )
    .min(1),
});

/** @throws InputError when the row has no list of messages, or a message has a field that would be lost. */
export function readConversation({ value, where, text }: DatasetRow): Conversation {
  const row = Row.safeParse(value);
  if (!row.success) {
    const issue = row.error.issues[0]!;
    const expected = "a column messages with role, content and tool_calls";
    throw refuse(where, expected, `${issue.path.join(".")}: ${issue.message}`, "correct the row, or give a file of conversations");
  }
  for (const [index, message] of row.data.messages.entries()) {
    const lost = UNREAD.find((field) => !isNeutral(field, (message as Readonly<Record<string, unknown>>)[field]));
    if (lost !== undefined) {
      const fix =
        lost === "weight" || lost === "train"
          ? "leave the row out, as every turn of the assistant is learned"
          : "put it into content or tool_calls, or take it out";
      throw refuse(where, "messages of role, content, tool_calls and tool_call_id", `message ${index + 1}, ${lost}`, fix);
    }
  }
  const exact = text === undefined ? undefined : jsonTree(text);
  return row.data.messages.map(({ role, content, tool_calls, tool_call_id: of }, message) => ({
    role,
    content: content ?? null,
    tool_calls:
      tool_calls?.map(({ id, function: called }, call) => {
        const written = exact && memberOf(exact, ["messages", message, "tool_calls", call, "function", "arguments"]);
        const input = written?.kind === "object" ? pythonJson(written) : called.arguments;
        return { ...(id != null && { id }), function: { ...called, arguments: input } };
      }) ?? null,
    ...(of != null && { tool_call_id: of }),
  }));
}

/** Checks whether a field of {@link UNREAD} says nothing. */
function isNeutral(field: string, value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return (field === "weight" && value === 1) || (field === "train" && value === true);
}

function refuse(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "dataset", where, expected, found, fix });
}

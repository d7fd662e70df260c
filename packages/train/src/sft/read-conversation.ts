import { InputError } from "@retool-ts/core";
import type { ChatMessage, DatasetRow } from "@retool-ts/data";
import { z } from "zod";

/** Messages in order. */
export type Conversation = readonly ChatMessage[];

const Input = z.union([z.string(), z.record(z.string(), z.unknown())]);

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
      }),
    )
    .min(1),
});

/** @throws InputError when the row has no list of messages. */
export function readConversation({ value, where }: DatasetRow): Conversation {
  const row = Row.safeParse(value);
  if (row.success) {
    return row.data.messages.map(({ role, content, tool_calls, tool_call_id: of }) => ({
      role,
      content: content ?? null,
      tool_calls: tool_calls?.map(({ id, function: called }) => ({ ...(id != null && { id }), function: called })) ?? null,
      ...(of != null && { tool_call_id: of }),
    }));
  }
  const issue = row.error.issues[0]!;
  throw new InputError({
    what: "dataset",
    where,
    expected: "a column messages with role, content and tool_calls",
    found: `${issue.path.join(".")}: ${issue.message}`,
    fix: "correct the row, or give a file of conversations",
  });
}

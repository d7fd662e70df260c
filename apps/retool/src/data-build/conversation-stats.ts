import { InputError } from "@retool-ts/core";
import { conversationCalls, conversationSegments, type ChatMessage, type DatasetRow } from "@retool-ts/data";
import { z } from "zod";

/** Messages in order. */
export type Conversation = readonly ChatMessage[];

/** Mean and order statistics of a measure; zeros when there is nothing to measure. */
export interface Spread {
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Measures of a set of conversations; shares are between 0 and 1. */
export interface ConversationStats {
  readonly rows: number;
  /** System and user messages. */
  readonly promptLength: Spread;
  /** Everything else, tool output included. */
  readonly responseLength: Spread;
  readonly calls: Spread;
  /** Over calls. */
  readonly codeLines: Spread;
  /** Share of rows with a call. */
  readonly codeShare: number;
  /** Share of all text that the model wrote and learns. */
  readonly learnedShare: number;
}

const Input = z.union([z.string(), z.record(z.string(), z.unknown())]);

/** The part of a row that is measured. Parquet files have null where a message lacks a field. */
const Row = z.object({
  messages: z
    .array(
      z.object({
        role: z.enum(["system", "user", "assistant", "tool"]),
        content: z.string().nullish(),
        tool_calls: z.array(z.object({ function: z.object({ name: z.string(), arguments: Input }) })).nullish(),
      }),
    )
    .min(1),
});

/** @throws InputError when the row has no list of messages. */
export function readConversation({ value, where }: DatasetRow): Conversation {
  const row = Row.safeParse(value);
  if (row.success) {
    return row.data.messages.map(({ role, content, tool_calls }) => ({ role, content: content ?? null, tool_calls: tool_calls ?? null }));
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

/** @param length - of a text, in whatever unit. */
export function measureConversations(conversations: readonly Conversation[], length: (text: string) => number): ConversationStats {
  const rows = conversations.map((messages) => {
    const segments = conversationSegments(messages).map(({ kind, text }) => ({ kind, length: length(text) }));
    const total = (keep: (kind: string) => boolean) =>
      segments.reduce((sum, segment) => sum + (keep(segment.kind) ? segment.length : 0), 0);
    return {
      prompt: total((kind) => kind === "prompt"),
      response: total((kind) => kind !== "prompt"),
      learned: total((kind) => kind === "model"),
      calls: conversationCalls(messages),
    };
  });
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const all = sum(rows.map(({ prompt, response }) => prompt + response));
  return {
    rows: rows.length,
    promptLength: spreadOf(rows.map(({ prompt }) => prompt)),
    responseLength: spreadOf(rows.map(({ response }) => response)),
    calls: spreadOf(rows.map(({ calls }) => calls.length)),
    codeLines: spreadOf(rows.flatMap(({ calls }) => calls.map((code) => code.trim().split("\n").length))),
    codeShare: rows.length === 0 ? 0 : rows.filter(({ calls }) => calls.length > 0).length / rows.length,
    learnedShare: all === 0 ? 0 : sum(rows.map(({ learned }) => learned)) / all,
  };
}

/** Order statistics by nearest rank. */
function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { mean: 0, median: 0, p95: 0, max: 0 };
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { mean: values.reduce((a, b) => a + b, 0) / values.length, median: at(0.5), p95: at(0.95), max: at(1) };
}

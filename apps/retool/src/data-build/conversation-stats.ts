import { conversationCalls, conversationSegments } from "@retool-ts/data";
import type { Conversation } from "@retool-ts/train";

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

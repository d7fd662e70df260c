import { RetoolError } from "@retool-ts/core";
import { askChat, type ChatEndpoint, type ChatReply, type ChatRequest, type ChatText } from "./chat-endpoint.js";
import type { ReplyCache } from "./reply-cache.js";
import { rewritePrompt } from "./rewrite-prompt.js";
import type { ReasoningRow } from "./source-rows.js";
import { verifyTrace, type VerifiedTrace, type VerifyTraceOptions } from "./verify-trace.js";

/** Options of rewriting rows. */
export interface RewriteOptions {
  readonly endpoint: ChatEndpoint;
  readonly cache: ReplyCache<ChatText>;
  readonly model: string;
  readonly temperature: number;
  readonly maxTokens: number;
  /** Replies that a row may take before it is left out. */
  readonly attempts: number;
  /** Rows at once. */
  readonly concurrency: number;
  readonly verify: VerifyTraceOptions;
  readonly onRow: (done: number) => void;
}

/** Outcome of a row, and the last reply it got. */
export interface RewrittenRow {
  readonly row: ReasoningRow;
  readonly outcome: VerifiedTrace;
  readonly reply: string | null;
}

export interface Rewritten {
  /** In the order of the rows. */
  readonly rows: readonly RewrittenRow[];
  /** Replies asked for, and those found in the cache. */
  readonly requests: number;
  readonly cached: number;
}

/** Rows in a row without any reply, after which the endpoint counts as gone. */
const MOST_FAILURES = 5;

/**
 * Rewrites and verifies rows, several at once. Every reply is kept in the cache before it is used, so that a later call with the same
 * rows asks for nothing twice.
 *
 * @throws RetoolError when several rows in a row get no reply, InputError when the endpoint refuses the key or the model.
 */
export async function rewriteRows(rows: readonly ReasoningRow[], options: RewriteOptions): Promise<Rewritten> {
  const done = new Array<RewrittenRow>(rows.length);
  const counts = { requests: 0, cached: 0, finished: 0, failures: 0 };
  const stop = new AbortController();
  const signal = AbortSignal.any([options.endpoint.signal, stop.signal]);
  const endpoint = { ...options.endpoint, signal };
  let next = 0;

  async function reply(request: ChatRequest, attempt: number): Promise<ChatReply> {
    const key = { url: endpoint.url, request, attempt };
    const kept = await options.cache.get(key);
    if (kept !== undefined) {
      counts.cached++;
      return { status: "ok", ...kept };
    }
    counts.requests++;
    const fresh = await askChat(request, endpoint);
    if (fresh.status === "ok") await options.cache.put(key, { text: fresh.text, isWhole: fresh.isWhole });
    countFailure(fresh);
    return fresh;
  }

  function countFailure(fresh: ChatReply): void {
    counts.failures = fresh.status === "ok" ? 0 : counts.failures + 1;
    if (fresh.status === "ok" || counts.failures < MOST_FAILURES) return;
    throw new RetoolError(
      "ENDPOINT",
      `${endpoint.url}: ${MOST_FAILURES} requests in a row failed, the last with ${fresh.reason}. The replies so far are kept; run the same command again when it answers`,
    );
  }

  async function rewrite(row: ReasoningRow): Promise<RewrittenRow> {
    const { model, temperature, maxTokens } = options;
    const content = rewritePrompt(row, options.verify.language);
    const request: ChatRequest = { model, messages: [{ role: "user", content }], temperature, max_tokens: maxTokens };
    for (let attempt = 0; ; attempt++) {
      const answer = await reply(request, attempt);
      const outcome = await judge(answer, row);
      const isLast = attempt + 1 >= options.attempts || answer.status === "failed";
      if (outcome.status === "kept" || isLast) return { row, outcome, reply: answer.status === "ok" ? answer.text : null };
    }
  }

  async function judge(answer: ChatReply, row: ReasoningRow): Promise<VerifiedTrace> {
    if (answer.status === "failed") return { status: "rejected", reason: "endpoint", detail: answer.reason };
    if (!answer.isWhole) return { status: "rejected", reason: "cutOff", detail: `${answer.text.length} characters` };
    return verifyTrace(answer.text, row.answer, { ...options.verify, signal });
  }

  async function work(): Promise<void> {
    while (next < rows.length) {
      signal.throwIfAborted();
      const index = next++;
      done[index] = await rewrite(rows[index]!);
      options.onRow(++counts.finished);
    }
  }

  const workers = Array.from({ length: Math.min(options.concurrency, rows.length) }, work);
  try {
    await Promise.all(workers);
  } finally {
    stop.abort();
    await Promise.allSettled(workers);
  }
  return { rows: done, requests: counts.requests, cached: counts.cached };
}

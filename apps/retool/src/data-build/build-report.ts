import type { Rejection } from "./verify-trace.js";
import type { Rewritten } from "./rewrite-rows.js";

/** Outcome of the rows of a build. */
export interface BuildReport {
  readonly rows: number;
  readonly kept: number;
  /** Rows left out, by reason; reasons that did not occur are absent. */
  readonly rejected: Partial<Record<Rejection, number>>;
  /** Snippets in the kept rows, and those whose output was not what the model wrote. */
  readonly calls: number;
  readonly outputsReplaced: number;
  /** Replies asked for in this call, tries that were repeated, and replies found in the cache. */
  readonly requests: number;
  readonly retries: number;
  readonly cached: number;
}

export function buildReport({ rows, requests, cached }: Rewritten, retries: number): BuildReport {
  const rejected: Partial<Record<Rejection, number>> = {};
  const total = { kept: 0, calls: 0, outputsReplaced: 0 };
  for (const { outcome } of rows) {
    if (outcome.status === "rejected") {
      rejected[outcome.reason] = (rejected[outcome.reason] ?? 0) + 1;
      continue;
    }
    total.kept++;
    total.calls += outcome.calls;
    total.outputsReplaced += outcome.outputsReplaced;
  }
  return { rows: rows.length, ...total, rejected, requests, retries, cached };
}

/** Rows of a table: reasons and how often, the most frequent first. */
export function rejectionRows<R extends string>(rejected: Partial<Record<R, number>>, meanings: Readonly<Record<R, string>>): string[][] {
  const counted = Object.entries(rejected) as [R, number][];
  return counted.toSorted(([, a], [, b]) => b - a).map(([reason, count]) => [meanings[reason], String(count)]);
}

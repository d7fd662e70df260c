import { formatTable } from "../shell/text-table.js";
import type { EndpointFailures } from "./endpoint-groups.js";
import type { RequestCounts } from "./endpoint-model.js";
import type { EndpointUsage } from "./endpoint-rollout.js";

/** What an evaluation at an endpoint took, and what it could not get. */
export interface EndpointCost {
  /** Of this command; those before an interruption are in `usage` alone. */
  readonly counts: RequestCounts;
  readonly failures: EndpointFailures;
  /** Problems without figures. */
  readonly missing: number;
  /** Of every rollout, kept ones too. */
  readonly usage: readonly EndpointUsage[];
}

/** Longest reason that is shown. */
const REASON_LENGTH = 200;

/** The cost as `--json` prints it. */
export function endpointFigures(endpoint: string, { counts, failures, missing, usage }: EndpointCost): Record<string, unknown> {
  return {
    endpoint,
    tokens: { prompt: sum(usage, "promptTokens"), completion: sum(usage, "completionTokens"), requests: sum(usage, "requests") },
    requests: counts,
    problemsWithoutFigures: missing,
    failures: failures.reasons,
  };
}

/** The cost in words, and what to do about problems that have no figures. */
export function describeCost({ counts, failures, missing, usage }: EndpointCost, isKept: boolean): string[] {
  const parts = [
    `tokens: ${sum(usage, "promptTokens")} of prompts, ${sum(usage, "completionTokens")} written, in ${sum(usage, "requests")} replies; ` +
      `now ${counts.requests} requests, ${counts.retries} tried again, ${counts.failed} failed, ${counts.cached} replies from before`,
  ];
  if (counts.withoutUsage > 0) {
    parts.push(`${counts.withoutUsage} replies did not say how many tokens they took; they count as none, in budgets as well.`);
  }
  if (missing > 0) {
    const next = isKept ? "The same command asks for them again." : "With --output, a further command would ask for these alone.";
    const gone = failures.gaveUp ? " So many requests in a row failed that no more were sent." : "";
    parts.push(`${missing} problems have no figures, for requests failed; they are not in the tables.${gone} ${next}`);
    const rows = Object.entries(failures.reasons).map(([reason, rollouts]) => [reason.slice(0, REASON_LENGTH), String(rollouts)]);
    parts.push(formatTable([["failed because", "rollouts"], ...rows]));
  }
  return parts;
}

function sum(usage: readonly EndpointUsage[], key: keyof EndpointUsage): number {
  return usage.reduce((total, one) => total + one[key], 0);
}

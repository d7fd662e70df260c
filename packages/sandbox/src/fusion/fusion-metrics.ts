import type { SandboxStats } from "../sandbox.js";

/** Counts that the server keeps itself. */
export interface RequestCounts {
  /** Answers by status code. */
  readonly answers: ReadonlyMap<number, number>;
  readonly active: number;
  readonly waiting: number;
}

/** Counters and gauges in Prometheus's text format. */
export function renderMetrics(stats: SandboxStats, { answers, active, waiting }: RequestCounts): string {
  return [
    metric("retool_http_answers_total", "counter", "HTTP answers by status code.", labelled("code", [...answers])),
    metric("retool_http_active", "gauge", "Requests whose code runs.", [["", active]]),
    metric("retool_http_waiting", "gauge", "Requests that wait for one that runs.", [["", waiting]]),
    metric("retool_sandbox_runs_total", "counter", "Finished runs by status.", labelled("status", Object.entries(stats.finished))),
    metric("retool_sandbox_queued", "gauge", "Runs that wait for a worker.", [["", stats.queued]]),
    metric("retool_sandbox_running", "gauge", "Runs that a worker has.", [["", stats.running]]),
    metric("retool_sandbox_sessions", "gauge", "Open sessions.", [["", stats.openSessions]]),
    metric("retool_sandbox_worker_restarts_total", "counter", "Workers replaced.", [["", stats.restarts]]),
  ].join("");
}

type Sample = readonly [labels: string, value: number];

function metric(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelled(name: string, entries: readonly (readonly [string | number, number])[]): Sample[] {
  return entries.map(([value, count]) => [`{${name}="${value}"}`, count]);
}

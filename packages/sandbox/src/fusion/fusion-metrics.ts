import { HttpMetrics, type RequestGate } from "@retool-ts/http";
import type { SandboxStats } from "../sandbox.js";

/** The server's metrics: those of every server, and the sandbox's counters. */
export function fusionMetrics(stats: () => SandboxStats, gate: RequestGate): HttpMetrics {
  const metrics = new HttpMetrics();
  metrics.watch(gate);
  const finished = "Finished runs by status; those of status timeout were ended by the clock.";
  metrics.total("retool_sandbox_runs_total", finished, () => stats().finished, "status");
  metrics.gauge("retool_sandbox_queued", "Runs that wait for a worker.", () => stats().queued);
  metrics.gauge("retool_sandbox_running", "Runs that a worker has.", () => stats().running);
  metrics.gauge("retool_sandbox_sessions", "Open sessions.", () => stats().openSessions);
  metrics.total("retool_sandbox_worker_restarts_total", "Workers replaced.", () => stats().restarts);
  return metrics;
}

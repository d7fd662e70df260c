import { Counter, Gauge, Registry } from "prom-client";
import type { SandboxStats } from "../sandbox.js";

/** Sources of the server's metrics, read when they are asked for. */
export interface MetricSources {
  readonly stats: () => SandboxStats;
  readonly active: () => number;
  readonly waiting: () => number;
}

/** The server's counters and gauges, in Prometheus's text format. */
export class FusionMetrics {
  readonly #registry = new Registry();
  readonly #answers: Counter<"code">;

  constructor({ stats, active, waiting }: MetricSources) {
    const registers = [this.#registry];
    this.#answers = new Counter({
      name: "retool_http_answers_total",
      help: "HTTP answers by status code.",
      labelNames: ["code"],
      registers,
    });
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    gauge("retool_http_active", "Requests whose code runs.", active);
    gauge("retool_http_waiting", "Requests that wait for one that runs.", waiting);
    new Counter({
      name: "retool_sandbox_runs_total",
      help: "Finished runs by status; those of status timeout were ended by the clock.",
      labelNames: ["status"],
      registers,
      collect() {
        this.reset();
        for (const [status, count] of Object.entries(stats().finished)) this.inc({ status }, count);
      },
    });
    gauge("retool_sandbox_queued", "Runs that wait for a worker.", () => stats().queued);
    gauge("retool_sandbox_running", "Runs that a worker has.", () => stats().running);
    gauge("retool_sandbox_sessions", "Open sessions.", () => stats().openSessions);
    new Counter({
      name: "retool_sandbox_worker_restarts_total",
      help: "Workers replaced.",
      registers,
      collect() {
        this.reset();
        this.inc(stats().restarts);
      },
    });
  }

  countAnswer(code: number): void {
    this.#answers.inc({ code });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

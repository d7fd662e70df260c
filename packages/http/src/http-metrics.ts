import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { RequestGate } from "./request-gate.js";

/** Metrics of one server, in Prometheus's text format: answers by status code, and what the server adds. */
export class HttpMetrics {
  readonly #registry = new Registry();
  readonly #answers: Counter<"code">;

  constructor() {
    const registers = [this.#registry];
    const name = "retool_http_answers_total";
    this.#answers = new Counter({ name, help: "HTTP answers by status code.", labelNames: ["code"], registers });
  }

  countAnswer(code: number): void {
    this.#answers.inc({ code });
  }

  /** Adds a number that is read when the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** Adds a number that only rises and is kept elsewhere; with a label, one for each of its values. */
  total(name: string, help: string, read: () => number | Readonly<Record<string, number>>, label?: string): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        const value = read();
        if (typeof value === "number") this.inc(value);
        else for (const [key, count] of Object.entries(value)) this.inc({ [label ?? ""]: key }, count);
      },
    });
  }

  /** Adds a distribution. */
  histogram(name: string, help: string, buckets: number[]): { observe(value: number): void } {
    return new Histogram({ name, help, buckets, registers: [this.#registry] });
  }

  /** Adds the requests at work and those that wait. */
  watch(gate: Pick<RequestGate, "active" | "waiting">): void {
    this.gauge("retool_http_active", "Requests at work.", () => gate.active);
    this.gauge("retool_http_waiting", "Requests that wait for one at work.", () => gate.waiting);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

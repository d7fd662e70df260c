import pLimit, { type LimitFunction } from "p-limit";
import { HttpFault } from "./http-fault.js";

/** Bounds of a {@link RequestGate}. */
export interface RequestGateOptions {
  /** Requests at work at once. */
  readonly maxConcurrency: number;
  /** Requests that may wait for one at work; beyond, they get 429. */
  readonly queueLimit: number;
  /** Seconds after which a refused client may come again, in `Retry-After`; 1 by default. */
  readonly retryAfterSeconds?: number;
}

/** Lets a bounded number of requests work and a bounded number wait; all others are answered with 429 at once. */
export class RequestGate {
  readonly #permits: LimitFunction;
  readonly #queueLimit: number;
  readonly #retryAfter: string;

  constructor({ maxConcurrency, queueLimit, retryAfterSeconds = 1 }: RequestGateOptions) {
    this.#permits = pLimit(maxConcurrency);
    this.#queueLimit = queueLimit;
    this.#retryAfter = String(retryAfterSeconds);
  }

  /** Requests at work. */
  get active(): number {
    return this.#permits.activeCount;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#permits.pendingCount;
  }

  /** @throws HttpFault with 429 when as many wait as may. Worth a call before a body is read, and again behind it. */
  check(): void {
    if (this.waiting < this.#queueLimit) return;
    throw new HttpFault(429, "too many requests wait", { code: "rate_limit_exceeded", headers: { "retry-after": this.#retryAfter } });
  }

  /**
   * Does the work of a request in its turn. A request whose signal is aborted while it waits is not begun.
   *
   * @throws HttpFault with 429, see {@link check}.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.check();
    return this.#permits(async () => {
      signal?.throwIfAborted();
      return work();
    });
  }
}

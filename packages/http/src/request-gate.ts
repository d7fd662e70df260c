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

/** A request at work. */
export interface RequestTurn {
  /** Ends it; further calls do nothing. */
  leave(): void;
}

/** Lets a bounded number of requests work and a bounded number wait; all others are answered with 429 at once. */
export class RequestGate {
  readonly #options: RequestGateOptions;
  #active = 0;
  /** Begin those that wait, first come first. */
  readonly #waiting = new Set<() => void>();

  constructor(options: RequestGateOptions) {
    this.#options = options;
  }

  /** Requests at work. */
  get active(): number {
    return this.#active;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** @throws HttpFault with 429 when as many wait as may. Worth a call before a body is read, and again behind it. */
  check(): void {
    const { maxConcurrency, queueLimit, retryAfterSeconds = 1 } = this.#options;
    if (this.#active < maxConcurrency || this.waiting < queueLimit) return;
    const headers = { "retry-after": String(retryAfterSeconds) };
    throw new HttpFault(429, "too many requests wait", { code: "rate_limit_exceeded", headers });
  }

  /**
   * Does the work of a request in its turn.
   *
   * @throws as {@link enter} does.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = await this.enter(signal);
    try {
      return await work();
    } finally {
      turn.leave();
    }
  }

  /**
   * Waits for a request's turn, for work that goes on behind the first part of its answer.
   *
   * @throws HttpFault with 429; the signal's reason when it is aborted meanwhile, which leaves the queue at once.
   */
  async enter(signal?: AbortSignal): Promise<RequestTurn> {
    signal?.throwIfAborted();
    if (this.#active < this.#options.maxConcurrency) this.#active++;
    else {
      this.check();
      await this.#turn(signal);
    }
    let isLeft = false;
    return {
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        this.#leave();
      },
    };
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(begin);
        reject(signal!.reason as Error);
      };
      const begin = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      this.#waiting.add(begin);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Hands the place to the one that waits longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#active--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

import { setTimeout as sleep } from "node:timers/promises";

/** Spreads requests evenly over time. */
export class Pace {
  readonly #intervalMs: number;
  #next = 0;

  /** @param perMinute - requests per minute at most; `Infinity` = no limit. */
  constructor(perMinute: number) {
    this.#intervalMs = 60_000 / perMinute;
  }

  /** Waits for the next free place in line. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    const place = Math.max(now, this.#next);
    this.#next = place + this.#intervalMs;
    if (place > now) await sleep(place - now, undefined, { signal });
  }
}

/** Rounds of the event loop in which a request that has arrived shows itself. */
const ROUNDS = 4;
/** Longest pause, in milliseconds. */
const LIMIT_MS = 100;

/**
 * Pauses between passes, which hold the event loop up: requests that have arrived are answered in them, and each takes several rounds of
 * the loop. Without requests a pause is a few rounds, which is next to nothing.
 */
export class BreathingSpace {
  #active = 0;

  /** A request that is at work until what is returned is called. */
  begin(): () => void {
    this.#active++;
    let ended = false;
    return () => {
      if (!ended) this.#active--;
      ended = true;
    };
  }

  /** Does work for which a request only waits: nothing pauses for it meanwhile. */
  async rest<T>(work: () => Promise<T>): Promise<T> {
    this.#active--;
    try {
      return await work();
    } finally {
      this.#active++;
    }
  }

  readonly pause = async (): Promise<void> => {
    const until = performance.now() + LIMIT_MS;
    for (let quiet = 0; quiet < ROUNDS && performance.now() < until; quiet = this.#active > 0 ? 0 : quiet + 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

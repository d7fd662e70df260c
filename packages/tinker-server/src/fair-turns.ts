/** A wait for permits. */
interface Waiting {
  readonly permits: number;
  readonly begin: () => void;
}

/**
 * Shares a number of permits between clients round robin: whoever has many requests waits behind its own, not before others. A request
 * that needs more permits than are free holds the next ones back until they suffice, so that no small ones starve it.
 */
export class FairTurns {
  readonly #capacity: number;
  readonly #pause: () => Promise<void>;
  #free: number;
  /** Waiting requests a client; the client whose turn is next comes first. */
  readonly #queues = new Map<string, Waiting[]>();

  /** @param pause - lies behind each piece of work, before its permits are free again */
  constructor(capacity: number, pause: () => Promise<void> = async () => {}) {
    this.#capacity = capacity;
    this.#pause = pause;
    this.#free = capacity;
  }

  /** Requests that wait. */
  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Permits in use. */
  get active(): number {
    return this.#capacity - this.#free;
  }

  /** Does work of a client when it is its turn; at most the capacity is taken, whatever `permits` says. */
  async run<T>(client: string, work: () => Promise<T>, permits = 1): Promise<T> {
    const needed = Math.min(permits, this.#capacity);
    await this.#acquire(client, needed);
    try {
      return await work();
    } finally {
      void this.#pause().then(() => {
        this.#free += needed;
        this.#grant();
      });
    }
  }

  #acquire(client: string, permits: number): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#queues.get(client) ?? [];
      queue.push({ permits, begin: resolve });
      this.#queues.set(client, queue);
      this.#grant();
    });
  }

  #grant(): void {
    for (;;) {
      const [next] = this.#queues;
      if (next === undefined) return;
      const [client, queue] = next;
      if (queue[0]!.permits > this.#free) return;
      const { permits, begin } = queue.shift()!;
      // To the end of the round.
      this.#queues.delete(client);
      if (queue.length > 0) this.#queues.set(client, queue);
      this.#free -= permits;
      begin();
    }
  }
}

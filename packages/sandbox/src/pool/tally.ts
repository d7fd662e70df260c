const RUNNING = 0;
const ANSWERED = 1;
const RESTARTS = 2;

/** Counts that the pool keeps in shared memory, where there is any, so that the caller's thread reads them without asking. */
export class Tally {
  readonly buffer: ArrayBufferLike;
  readonly #counts: Int32Array;

  constructor(buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.#counts = new Int32Array(buffer);
  }

  static allocate(): Tally {
    return new Tally(typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(12) : new SharedArrayBuffer(12));
  }

  /** Runs handed to a worker and not yet answered. */
  get running(): number {
    return Atomics.load(this.#counts, RUNNING);
  }

  set running(count: number) {
    Atomics.store(this.#counts, RUNNING, count);
  }

  /** Runs that have ended. */
  get answered(): number {
    return Atomics.load(this.#counts, ANSWERED);
  }

  /** Workers replaced. */
  get restarts(): number {
    return Atomics.load(this.#counts, RESTARTS);
  }

  addAnswered(): void {
    Atomics.add(this.#counts, ANSWERED, 1);
  }

  addRestart(): void {
    Atomics.add(this.#counts, RESTARTS, 1);
  }
}

/** An operation with its place in a model's order. */
export interface Sequenced {
  /** Absent: the client counts nothing, and operations run as they come. */
  readonly seq: number | undefined;
  run(): Promise<void>;
  /** Ends it without running, because an earlier one never came. */
  drop(missing: number): void;
}

/** Options of {@link OperationOrder}. */
export interface OperationOrderOptions {
  /** First number that is expected; clients begin at 1, or at 0. */
  readonly next?: number;
  /** Milliseconds that operations wait for one before them. */
  readonly gapTimeoutMs: number;
}

/**
 * Runs the operations of one model one after the other, by their numbers and not by their arrival: chunks of a batch come in parallel, and
 * an optimizer step may overtake them.
 */
export class OperationOrder {
  readonly #gapTimeoutMs: number;
  #next: number;
  readonly #waiting = new Map<number, Sequenced>();
  readonly #unnumbered: Sequenced[] = [];
  #running: Promise<void> | undefined;
  #gap: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ next = 1, gapTimeoutMs }: OperationOrderOptions) {
    this.#next = next;
    this.#gapTimeoutMs = gapTimeoutMs;
  }

  /** The next number that may run. */
  get next(): number {
    return this.#next;
  }

  /** Operations that wait. */
  get size(): number {
    return this.#waiting.size + this.#unnumbered.length;
  }

  /** True when others that have come wait for this number: refusing it would hold them up for ever. */
  isAwaited(seq: number): boolean {
    return seq === this.#next || [...this.#waiting.keys()].some((other) => other > seq);
  }

  /** True when the number has had its turn. */
  isPast(seq: number): boolean {
    return seq < this.#next && !(seq === 0 && this.#next === 1);
  }

  /** Takes an operation, which runs when all before it have. */
  push(operation: Sequenced): void {
    const { seq } = operation;
    if (seq === undefined || (seq === 0 && this.#next === 1)) this.#unnumbered.push(operation);
    else this.#waiting.set(seq, operation);
    this.#go();
  }

  /** Takes no more operations, and waits for the one at work. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#gap);
    await this.#running;
  }

  #go(): void {
    if (this.#running !== undefined || this.#closed) return;
    this.#running = this.#loop().finally(() => {
      this.#running = undefined;
      if (this.#isReady()) this.#go();
      else this.#watchGap();
    });
  }

  async #loop(): Promise<void> {
    await Promise.resolve(); // what comes in one turn of the event loop is sorted first
    for (let operation = this.#take(); operation !== undefined; operation = this.#take()) {
      clearTimeout(this.#gap);
      await operation.run();
    }
  }

  #take(): Sequenced | undefined {
    if (this.#closed) return undefined;
    const unnumbered = this.#unnumbered.shift();
    if (unnumbered !== undefined) return unnumbered;
    const operation = this.#waiting.get(this.#next);
    if (operation === undefined) return undefined;
    this.#waiting.delete(this.#next);
    this.#next++;
    return operation;
  }

  #isReady(): boolean {
    return !this.#closed && (this.#unnumbered.length > 0 || this.#waiting.has(this.#next));
  }

  /** Gives up on a number that does not come: those behind it fail, and the count goes on after them. */
  #watchGap(): void {
    clearTimeout(this.#gap);
    if (this.#waiting.size === 0 || this.#closed) return;
    this.#gap = setTimeout(() => {
      const missing = this.#next;
      const late = [...this.#waiting.keys()].sort((a, b) => a - b);
      this.#next = late.at(-1)! + 1;
      for (const seq of late) {
        const operation = this.#waiting.get(seq)!;
        this.#waiting.delete(seq);
        operation.drop(missing);
      }
    }, this.#gapTimeoutMs).unref();
  }
}

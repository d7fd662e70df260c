import type { ClientTimer } from "./timer.js";

interface Entry {
  readonly at: number;
  readonly work: () => void;
  readonly isBackground: boolean;
}

/** A clock that moves only when nothing else can happen. */
export class ManualTimer implements ClientTimer {
  #now = 0;
  readonly #entries = new Set<Entry>();
  /** Every wait that was asked for, in milliseconds. */
  readonly waits: number[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void, isBackground = false): () => void {
    const entry = { at: this.#now + ms, work, isBackground };
    this.#entries.add(entry);
    this.waits.push(ms);
    return () => void this.#entries.delete(entry);
  }

  /** Waits that have neither ended nor been forgotten. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Lets a piece of work end: whenever it waits for the clock alone, the clock goes on to the next time that it waits for. */
  async settle<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const mark = () => void (isDone = true);
    work.then(mark, mark);
    for (let turn = 0; turn < 100_000; turn++) {
      for (let i = 0; i < 20 && !isDone; i++) await new Promise(setImmediate);
      if (isDone) return work;
      if (!this.#next()) throw new Error("the work waits for something that will never come");
    }
    throw new Error("the work does not end");
  }

  /** Moves the clock, with everything that falls due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      const first = this.#first();
      if (first === undefined || first.at > end) break;
      this.#fire(first);
    }
    this.#now = end;
  }

  #next(): boolean {
    const first = this.#first();
    if (first === undefined) return false;
    this.#fire(first);
    return true;
  }

  #first(): Entry | undefined {
    return [...this.#entries].sort((a, b) => a.at - b.at)[0];
  }

  #fire(entry: Entry): void {
    this.#entries.delete(entry);
    this.#now = Math.max(this.#now, entry.at);
    entry.work();
  }
}

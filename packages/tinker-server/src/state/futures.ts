import { failed, type Outcome } from "./outcome.js";
import type { FutureFiles, RequestRecord } from "./future-files.js";

/** A request that was taken. */
interface Future {
  readonly record: RequestRecord;
  /** Resolved once the request is on the disk. */
  readonly kept: Promise<void>;
  outcome: Outcome | undefined;
  /** True once a client got the outcome. */
  delivered: boolean;
  /** Time from which on the outcome may be forgotten. */
  expiresAt: number | undefined;
  readonly waiting: Set<() => void>;
  readonly cancel: AbortController;
}

/** Options of {@link Futures}. */
export interface FuturesOptions {
  readonly files: FutureFiles;
  /** Milliseconds that an outcome is kept after a client got it: the answer may have been lost on its way. */
  readonly keepMs: number;
  /** The same, for outcomes of requests without a session that nobody fetches. */
  readonly abandonMs: number;
  readonly now: () => number;
  /** True while a request would have to be done again after a crash, delivered or not. */
  readonly isNeeded: (record: RequestRecord) => boolean;
}

/** Promises of outcomes: who asks waits for one, and may ask again. */
export class Futures {
  readonly #options: FuturesOptions;
  readonly #futures = new Map<string, Future>();
  /** Ids by the client's own name for the request. */
  readonly #byKey = new Map<string, string>();

  constructor(options: FuturesOptions) {
    this.#options = options;
  }

  /** Requests of a session whose outcome no client has: they wait, are at work, or were not fetched. */
  outstanding(session: string): number {
    let count = 0;
    for (const { record, delivered } of this.#futures.values()) if (record.session === session && !delivered) count++;
    return count;
  }

  /** Requests that have no outcome. */
  get pending(): number {
    let count = 0;
    for (const { outcome } of this.#futures.values()) if (outcome === undefined) count++;
    return count;
  }

  /** Questions that are held until an outcome is there. */
  get held(): number {
    let count = 0;
    for (const { waiting } of this.#futures.values()) count += waiting.size;
    return count;
  }

  /** The request of this name, if there was one. */
  named(key: string): RequestRecord | undefined {
    const id = this.#byKey.get(key);
    return id === undefined ? undefined : this.#futures.get(id)?.record;
  }

  /** Takes a request and keeps it. */
  async add(record: RequestRecord, body: Uint8Array): Promise<void> {
    this.#insert(record, this.#options.files.saveRequest(record, body), undefined);
    await this.kept(record.id);
  }

  /** Takes back a request that was kept. */
  restore(record: RequestRecord, outcome: Outcome | undefined): void {
    this.#insert(record, Promise.resolve(), outcome);
  }

  /** Resolved when the request is on the disk. */
  async kept(id: string): Promise<void> {
    try {
      await this.#futures.get(id)?.kept;
    } catch (error) {
      this.#forget(id);
      throw error;
    }
  }

  /** Aborted when the client wants the outcome no more. */
  signal(id: string): AbortSignal | undefined {
    return this.#futures.get(id)?.cancel.signal;
  }

  /** Tells the work of a request that nobody wants its outcome. */
  cancel(id: string): void {
    this.#futures.get(id)?.cancel.abort();
  }

  /** Gives a request its outcome, which is on the disk before anyone hears of it. An outcome that is there stays. */
  async settle(id: string, outcome: Outcome): Promise<void> {
    const future = this.#futures.get(id);
    if (future === undefined || future.outcome !== undefined) return;
    await this.#options.files.saveOutcome(id, outcome);
    future.outcome = outcome;
    if (future.record.session === "") future.expiresAt = this.#options.now() + this.#options.abandonMs;
    for (const wake of future.waiting) wake();
  }

  /** Ends all requests of a session that have no outcome. */
  failAll(session: string, error: string): Promise<void> {
    return this.#failWhere((record) => record.session === session, error);
  }

  /** The same for those in the order of a model. */
  failModel(model: string, error: string): Promise<void> {
    return this.#failWhere((record) => record.model === model, error);
  }

  async #failWhere(isMeant: (record: RequestRecord) => boolean, error: string): Promise<void> {
    for (const { record, outcome } of this.#futures.values()) {
      if (!isMeant(record) || outcome !== undefined) continue;
      this.cancel(record.id);
      await this.settle(record.id, failed(error));
    }
  }

  /**
   * The outcome of a request, as soon as it is there.
   *
   * @returns undefined when the request is not known, `"pending"` when time is up first
   */
  async wait(id: string, timeoutMs: number, signal: AbortSignal): Promise<Outcome | "pending" | undefined> {
    const future = this.#futures.get(id);
    if (future === undefined) return undefined;
    if (future.outcome === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, timeoutMs);
        function done() {
          clearTimeout(timer);
          future!.waiting.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        }
        future.waiting.add(done);
        signal.addEventListener("abort", done);
      });
    }
    return future.outcome ?? "pending";
  }

  /** Says that a client got the outcome: from now on it is kept for a while only. */
  delivered(id: string): void {
    const future = this.#futures.get(id);
    if (future?.outcome === undefined) return;
    future.delivered = true;
    future.expiresAt = this.#options.now() + this.#options.keepMs;
  }

  /** Forgets outcomes that were delivered long enough ago. */
  async sweep(): Promise<void> {
    const { now, files, isNeeded } = this.#options;
    for (const { record, expiresAt } of this.#futures.values()) {
      if (expiresAt === undefined || now() < expiresAt || isNeeded(record)) continue;
      this.#forget(record.id);
      await files.remove(record.id);
    }
  }

  /** Lets outcomes of an ended session go in their time, also those that nobody fetched. */
  release(session: string): void {
    for (const future of this.#futures.values()) {
      if (future.record.session === session && future.outcome !== undefined)
        future.expiresAt ??= this.#options.now() + this.#options.keepMs;
    }
  }

  #insert(record: RequestRecord, kept: Promise<void>, outcome: Outcome | undefined): void {
    kept.catch(() => {}); // whoever waits for it gets it
    const { id, key } = record;
    const future = {
      record,
      kept,
      outcome,
      delivered: false,
      expiresAt: undefined,
      waiting: new Set<() => void>(),
      cancel: new AbortController(),
    };
    this.#futures.set(id, future);
    if (key !== undefined) this.#byKey.set(key, id);
  }

  #forget(id: string): void {
    const key = this.#futures.get(id)?.record.key;
    this.#futures.delete(id);
    if (key !== undefined && this.#byKey.get(key) === id) this.#byKey.delete(key);
  }
}

import type { Sampler } from "@retool-ts/engine";
import { HttpFault } from "@retool-ts/http";
import { PrefixTree, type PrefixMatch } from "./prefix-tree.js";

/** Sequences for one request. */
export interface Lease {
  readonly sequences: readonly number[];
  /** Tokens of the prompt that were computed before. */
  readonly cachedTokens: number;
}

/** A request for sequences that begin with the same tokens. */
export interface LeaseRequest {
  readonly tokenIds: readonly number[];
  readonly count: number;
  /** Computed beginnings are shared within a scope alone. */
  readonly scope?: string;
  readonly signal?: AbortSignal;
}

/** Counters since the pool was made. */
export interface PoolStats {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** Sequences that requests work with, and those kept for what they hold. */
  readonly active: number;
  readonly kept: number;
  readonly evicted: number;
}

interface Kept {
  readonly sequence: number;
  readonly tokenIds: readonly number[];
  readonly scope: string;
}

interface Waiter {
  readonly count: number;
  readonly start: () => void;
}

/** Shorter shared beginnings are not worth a copy. */
const LEAST_SHARED = 8;

/**
 * The open sequences of a sampler. What a request leaves behind stays open, so that a later one whose tokens begin the same costs only its
 * new ones; of those kept, the least recently used goes first when a place is needed. Requests that find no place wait in order.
 */
export class SequencePool {
  readonly #sampler: Sampler;
  readonly #size: number;
  readonly #keeps: boolean;
  /** Least recently used first. */
  readonly #kept = new Set<Kept>();
  /** The same by their tokens, a tree for each scope. */
  readonly #trees = new Map<string, PrefixTree<Kept>>();
  #active = 0;
  #waiters: Waiter[] = [];
  readonly #stats = { promptTokens: 0, cachedTokens: 0, evicted: 0 };

  /** @param keeps - false to compute every prompt anew */
  constructor(sampler: Sampler, { keeps = true }: { readonly keeps?: boolean } = {}) {
    this.#sampler = sampler;
    this.#size = sampler.available;
    this.#keeps = keeps;
  }

  /** Sequences in all. */
  get size(): number {
    return this.#size;
  }

  get stats(): PoolStats {
    return { ...this.#stats, active: this.#active, kept: this.#kept.size };
  }

  /** @throws HttpFault when the sampler is too small for so many sequences. */
  check(count: number): void {
    if (count > this.#size) throw new HttpFault(400, `n: expected at most ${this.#size}, the sequences of this server`, { param: "n" });
  }

  /**
   * Opens sequences that hold a prompt.
   *
   * @throws HttpFault when the sampler is too small for them; the signal's reason when it is aborted meanwhile.
   */
  async acquire(request: LeaseRequest): Promise<Lease> {
    const { count, signal } = request;
    this.check(count);
    signal?.throwIfAborted();
    if (this.#waiters.length > 0 || this.#active + count > this.#size) await this.#turn(count, signal);
    else this.#active += count;
    try {
      return await this.#open(request);
    } catch (error) {
      this.#free(count);
      throw error;
    }
  }

  /** Gives a sequence back; with its tokens, it is kept for later requests. */
  release(sequence: number, tokenIds?: readonly number[], scope = ""): void {
    if (this.#keeps && tokenIds !== undefined) this.#keep({ sequence, tokenIds, scope });
    else this.#sampler.close(sequence);
    this.#free(1);
  }

  /** Forgets what was kept, of one scope or of all: before the weights change, and at the end of a conversation. */
  clear(scope?: string): void {
    for (const each of this.#kept) if (scope === undefined || each.scope === scope) this.#close(each);
  }

  /** Opens the first sequence by the longest kept beginning, and forks the others from it. */
  async #open({ tokenIds, count, scope = "" }: LeaseRequest): Promise<Lease> {
    const opened: number[] = [];
    try {
      const { sequence, cachedTokens } = this.#first(tokenIds, scope);
      opened.push(sequence);
      if (count > 1) {
        if (tokenIds.length < this.#sampler.maxLength) await this.#sampler.prefill([sequence]);
        while (opened.length < count) {
          this.#makeRoom(1);
          opened.push(this.#sampler.fork(sequence));
        }
      }
      this.#stats.promptTokens += tokenIds.length;
      this.#stats.cachedTokens += cachedTokens;
      return { sequences: opened, cachedTokens };
    } catch (error) {
      for (const sequence of opened) this.#sampler.close(sequence);
      throw error;
    }
  }

  #first(tokenIds: readonly number[], scope: string): { readonly sequence: number; readonly cachedTokens: number } {
    const best = this.#longest(tokenIds, scope);
    if (best?.isWhole === true) {
      this.#forget(best.value);
      this.#sampler.extend(best.value.sequence, tokenIds.slice(best.shared));
      return { sequence: best.value.sequence, cachedTokens: best.shared };
    }
    if (best !== undefined && this.#sampler.forkAt !== undefined && best.shared >= LEAST_SHARED) {
      this.#touch(best.value);
      this.#makeRoom(1, this.#kept.size > 1 || this.#sampler.available > 0 ? best.value : undefined);
      if (this.#kept.has(best.value)) {
        const sequence = this.#sampler.forkAt(best.value.sequence, best.shared);
        this.#sampler.extend(sequence, tokenIds.slice(best.shared));
        return { sequence, cachedTokens: best.shared };
      }
    }
    this.#makeRoom(1);
    return { sequence: this.#sampler.open(tokenIds), cachedTokens: 0 };
  }

  /** The kept sequence that shares most with a prompt, whose last token has to be computed in any case. */
  #longest(tokenIds: readonly number[], scope: string): PrefixMatch<Kept> | undefined {
    return this.#trees.get(scope)?.longest(tokenIds, tokenIds.length - 1);
  }

  #keep(kept: Kept): void {
    let tree = this.#trees.get(kept.scope);
    if (tree === undefined) this.#trees.set(kept.scope, (tree = new PrefixTree()));
    tree.add(kept.tokenIds, kept);
    this.#kept.add(kept);
  }

  #touch(kept: Kept): void {
    this.#kept.delete(kept);
    this.#kept.add(kept);
  }

  #forget(kept: Kept): void {
    this.#kept.delete(kept);
    const tree = this.#trees.get(kept.scope)!;
    tree.delete(kept.tokenIds, kept);
    if (tree.size === 0) this.#trees.delete(kept.scope);
  }

  #close(kept: Kept): void {
    this.#forget(kept);
    this.#sampler.close(kept.sequence);
  }

  /** Closes kept sequences until so many can be opened. */
  #makeRoom(count: number, spared?: Kept): void {
    for (const each of this.#kept) {
      if (this.#sampler.available >= count) return;
      if (each === spared) continue;
      this.#close(each);
      this.#stats.evicted++;
    }
  }

  /** Waits until so many places are free. */
  #turn(count: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        reject(signal!.reason as Error);
        this.#wake();
      };
      const start = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const waiter = { count, start };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #free(count: number): void {
    this.#active -= count;
    this.#wake();
  }

  #wake(): void {
    for (let next = this.#waiters[0]; next !== undefined && this.#active + next.count <= this.#size; next = this.#waiters[0]) {
      this.#waiters.shift();
      this.#active += next.count;
      next.start();
    }
  }
}

import { InputError, RetoolError } from "@retool-ts/core";
import type { HeapImage } from "./heap-image.js";
import { resolveLimits, type Limits } from "./limits.js";
import type { Turn } from "./messages.js";
import type { ExecutionResult, Session, TurnOptions } from "./sandbox.js";
import { encodeSnapshot, type SessionState } from "./snapshot.js";

/** One run as the sandbox executes it. */
export interface Job {
  readonly code: string;
  readonly limits: Limits;
  readonly seed: number | undefined;
  readonly turn: Turn | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What became of a {@link Job}. */
export interface JobResult {
  readonly result: ExecutionResult;
  /** The world after it, when it is to be kept. */
  readonly image: HeapImage | undefined;
}

/** What a session needs of its sandbox. */
export interface SessionParts {
  readonly limits: Limits;
  readonly fingerprint: Uint8Array;
  run(job: Job): Promise<JobResult>;
  onOpen(): void;
  onClose(): void;
}

/** The world between two cells is an image of its memory, so any worker can run any cell, and a fork shares it. */
export class QuickJSSession implements Session {
  readonly #parts: SessionParts;
  #state: SessionState;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: SessionParts, state: SessionState) {
    this.#parts = parts;
    this.#state = state;
    parts.onOpen();
  }

  async run(code: string, { limits, signal }: TurnOptions = {}): Promise<ExecutionResult> {
    const own = limits === undefined ? this.#parts.limits : resolveLimits(limits, this.#parts.limits);
    assertCode(code);
    return this.#next(() => this.#runNow(code, own, signal));
  }

  async fork(count: number): Promise<Session[]> {
    if (!Number.isSafeInteger(count) || count < 0 || count > MAX_FORKS) {
      const expected = `a whole number from 0 to ${MAX_FORKS}`;
      throw new InputError({ what: "sandbox", where: "fork", expected, found: String(count), fix: "choose a number in that range" });
    }
    return this.#next(() => Array.from({ length: count }, () => new QuickJSSession(this.#parts, this.#state)));
  }

  async snapshot(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#next(() => encodeSnapshot(this.#state, this.#parts.fingerprint));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.onClose();
    await this.#last;
    this.#state = { cells: 0, seed: undefined, image: undefined };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Does something after all that was asked for earlier. */
  async #next<T>(action: () => T | Promise<T>): Promise<T> {
    this.#assertOpen();
    const done = this.#last.then(() => {
      this.#assertOpen();
      return action();
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #runNow(code: string, limits: Limits, signal: AbortSignal | undefined): Promise<ExecutionResult> {
    const { seed, image: before } = this.#state;
    const cells = this.#state.cells + 1;
    this.#state = { ...this.#state, cells };
    const { result, image } = await this.#parts.run({ code, limits, seed, turn: { cell: cells, image: before }, signal });
    if (image !== undefined) this.#state = { cells, seed: undefined, image };
    return result;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new RetoolError("SESSION_CLOSED", "the session was closed");
  }
}

/** Most sessions one call of `fork` makes. */
const MAX_FORKS = 10_000;

/** Code often comes from parsed tool calls, where the types promise more than the data holds. */
export function assertCode(code: unknown): void {
  if (typeof code === "string") return;
  const found = code === null ? "null" : typeof code;
  throw new InputError({ what: "sandbox", where: "code", expected: "a string", found, fix: "pass the code as text" });
}

/** Gives a seed back, or throws when it is no whole number. */
export function checkedSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  const expected = "a whole number from 0 to 2^53 - 1";
  throw new InputError({ what: "sandbox", where: "seed", expected, found: String(seed), fix: "choose a whole number" });
}

import { RetoolError } from "@retool-ts/core";
import { resolveLimits, type Limits } from "./limits.js";
import { assertCode, assertForkCount } from "./run-arguments.js";
import type { ExecutionResult, Session, TurnOptions } from "./sandbox.js";

/** Terms of one cell. */
export interface CellTerms {
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
  /** True when a run that the clock ended is run again. */
  readonly rerun: boolean;
}

/** A session does what it is asked for in that order, whatever its world is made of. */
export abstract class SerialSession implements Session {
  readonly #limits: Limits;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  protected constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Runs one cell now. */
  protected abstract runCell(code: string, terms: CellTerms): Promise<ExecutionResult>;

  /** A session that begins where this one is now. */
  protected abstract twin(): Session;

  /** The world now, as bytes. */
  protected abstract encode(): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;

  /** Forgets the world. @param idle - resolves when what had begun has ended. */
  protected abstract end(idle: Promise<unknown>): Promise<void>;

  async run(code: string, { limits, signal, rerun = true }: TurnOptions = {}): Promise<ExecutionResult> {
    const own = limits === undefined ? this.#limits : resolveLimits(limits, this.#limits);
    assertCode(code);
    return this.#next(() => this.runCell(code, { limits: own, signal, rerun }));
  }

  async fork(count: number): Promise<Session[]> {
    assertForkCount(count);
    return this.#next(() => Array.from({ length: count }, () => this.twin()));
  }

  async snapshot(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#next(() => this.encode());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.end(this.#last);
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

  #assertOpen(): void {
    if (this.#isClosed) throw new RetoolError("SESSION_CLOSED", "the session was closed");
  }
}

import { InputError, RetoolError } from "@retool-ts/core";
import { resolveLimits, type Limits } from "../limits.js";
import { assertCode } from "../quickjs-session.js";
import type { ExecutionResult, Session, TurnOptions } from "../sandbox.js";
import { encodePythonSnapshot, type PythonState } from "./python-snapshot.js";

/** One cell of a session as the sandbox executes it. */
export interface PythonJob extends PythonState {
  readonly world: number;
  readonly cell: number;
  readonly code: string;
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
}

/** What a session needs of its sandbox. */
export interface PythonSessionParts {
  readonly limits: Limits;
  readonly fingerprint: string;
  run(job: PythonJob): Promise<ExecutionResult>;
  onOpen(): number;
  onClose(world: number): void;
}

/** Most sessions one call of `fork` makes. */
const MAX_FORKS = 10_000;

/** Its cells are kept, and run again where no process holds their effects: after a cell that died, in a fork, from a snapshot. */
export class PythonSession implements Session {
  readonly #parts: PythonSessionParts;
  readonly #world: number;
  #state: PythonState;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: PythonSessionParts, state: PythonState) {
    this.#parts = parts;
    this.#state = state;
    this.#world = parts.onOpen();
  }

  async run(code: string, { limits, signal }: TurnOptions = {}): Promise<ExecutionResult> {
    const own = limits === undefined ? this.#parts.limits : resolveLimits(limits, this.#parts.limits);
    assertCode(code);
    return this.#next(async () => {
      const state = this.#state;
      const job = { ...state, world: this.#world, cell: state.past.length + 1, code, limits: own, signal };
      const result = await this.#parts.run(job);
      const hasRun = code.length <= own.codeChars;
      if (hasRun && (result.status === "ok" || result.status === "error"))
        this.#state = { ...state, past: [...state.past, { code, limits: own }] };
      return result;
    });
  }

  async fork(count: number): Promise<Session[]> {
    if (!Number.isSafeInteger(count) || count < 0 || count > MAX_FORKS) {
      const expected = `a whole number from 0 to ${MAX_FORKS}`;
      throw new InputError({ what: "sandbox", where: "fork", expected, found: String(count), fix: "choose a number in that range" });
    }
    return this.#next(() => Array.from({ length: count }, () => new PythonSession(this.#parts, this.#state)));
  }

  async snapshot(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#next(() => encodePythonSnapshot(this.#state, this.#parts.fingerprint));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#last;
    this.#parts.onClose(this.#world);
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

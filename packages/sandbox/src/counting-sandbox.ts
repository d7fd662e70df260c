import { RetoolError } from "@retool-ts/core";
import { resolveLimits, type Limits } from "./limits.js";
import { assertCode, checkedSeed } from "./run-arguments.js";
import type { ExecutionResult, ExecutionStatus, RunOptions, Sandbox, SandboxStats, Session, SessionOptions } from "./sandbox.js";

/** Counts of the pool that runs a sandbox's code. */
export interface CountedPool {
  readonly queued: number;
  readonly running: number;
  readonly restarts: number;
  close(): Promise<void>;
}

/** Defaults of runs that name nothing else. */
export interface SandboxDefaults {
  readonly workers: number;
  readonly seed: number;
  readonly limits: Limits;
}

/** A run in a fresh world. */
export interface SingleRun {
  readonly code: string;
  readonly limits: Limits;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly rerun: boolean;
}

/** The common part of all sandboxes, whatever runs their code: defaults, counters, and an end. */
export abstract class CountingSandbox implements Sandbox {
  readonly #pool: CountedPool;
  readonly #defaults: SandboxDefaults;
  readonly #finished: Record<ExecutionStatus, number> = {
    ok: 0,
    error: 0,
    fuel: 0,
    timeout: 0,
    oom: 0,
    stack: 0,
    output: 0,
    killed: 0,
    infra: 0,
  };
  #lastId = 0;
  #openSessions = 0;
  #closing: Promise<void> | undefined;

  protected constructor(pool: CountedPool, defaults: SandboxDefaults) {
    this.#pool = pool;
    this.#defaults = defaults;
  }

  /** Runs code that has been checked. */
  protected abstract runOnce(run: SingleRun): Promise<ExecutionResult>;

  abstract open(options?: SessionOptions): Promise<Session>;

  async run(code: string, options: RunOptions = {}): Promise<ExecutionResult> {
    this.assertOpen();
    assertCode(code);
    return this.runOnce({ code, ...this.#resolved(options) });
  }

  async runBatch(codes: readonly string[], options: RunOptions = {}): Promise<ExecutionResult[]> {
    this.assertOpen();
    codes.forEach(assertCode);
    const shared = this.#resolved(options);
    return Promise.all(codes.map((code) => this.runOnce({ code, ...shared })));
  }

  stats(): SandboxStats {
    const { queued, running, restarts } = this.#pool;
    const { workers } = this.#defaults;
    return { workers, queued, running, openSessions: this.#openSessions, restarts, finished: { ...this.#finished } };
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected nextId(): number {
    return ++this.#lastId;
  }

  protected countFinished(status: ExecutionStatus): void {
    this.#finished[status]++;
  }

  protected countSessions(change: 1 | -1): void {
    this.#openSessions += change;
  }

  protected limitsOf(overrides: Partial<Limits> | undefined): Limits {
    return overrides === undefined ? this.#defaults.limits : resolveLimits(overrides, this.#defaults.limits);
  }

  protected seedOf(seed: number | undefined): number {
    return seed === undefined ? this.#defaults.seed : checkedSeed(seed);
  }

  protected assertOpen(): void {
    if (this.#closing !== undefined) throw new RetoolError("SANDBOX_CLOSED", "the sandbox was closed");
  }

  #resolved({ limits, seed, signal, rerun = true }: RunOptions): Omit<SingleRun, "code"> {
    return { limits: this.limitsOf(limits), seed: this.seedOf(seed), signal, rerun };
  }
}

import { RetoolError } from "@retool-ts/core";
import { withFeedback } from "./feedback.js";
import { resolveLimits, type Limits } from "./limits.js";
import type { Outcome, RunReply, RunRequest } from "./messages.js";
import { QuickJSSession, assertCode, checkedSeed, type Job, type JobResult, type SessionParts } from "./quickjs-session.js";
import type { ExecutionResult, ExecutionStatus, RunOptions, Sandbox, SandboxStats, Session, SessionOptions } from "./sandbox.js";
import { decodeSnapshot } from "./snapshot.js";

/** What a {@link PooledSandbox} hands its runs to. */
export interface RunPool {
  readonly queued: number;
  readonly running: number;
  readonly restarts: number;
  /** Never rejects. */
  submit(request: RunRequest, signal?: AbortSignal): Promise<RunReply>;
  close(): Promise<void>;
}

/** What a {@link PooledSandbox} runs under. */
export interface PooledSandboxSettings {
  readonly workers: number;
  readonly seed: number;
  readonly limits: Limits;
  /** Of the start of every world; snapshots carry it. */
  readonly fingerprint: Uint8Array;
}

/** Sessions, limits, seeds and counters over a pool of workers, wherever that runs. */
export class PooledSandbox implements Sandbox {
  readonly #pool: RunPool;
  readonly #settings: PooledSandboxSettings;
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

  constructor(pool: RunPool, settings: PooledSandboxSettings) {
    this.#pool = pool;
    this.#settings = settings;
  }

  async run(code: string, { limits, seed, signal }: RunOptions = {}): Promise<ExecutionResult> {
    this.#assertOpen();
    assertCode(code);
    const job = { code, limits: this.#limits(limits), seed: this.#seed(seed), turn: undefined, signal };
    return (await this.#execute(job)).result;
  }

  async runBatch(codes: readonly string[], { limits, seed, signal }: RunOptions = {}): Promise<ExecutionResult[]> {
    this.#assertOpen();
    codes.forEach(assertCode);
    const shared = { limits: this.#limits(limits), seed: this.#seed(seed), turn: undefined, signal };
    return Promise.all(codes.map(async (code) => (await this.#execute({ code, ...shared })).result));
  }

  async open({ seed, limits, from }: SessionOptions = {}): Promise<Session> {
    this.#assertOpen();
    const parts: SessionParts = {
      limits: this.#limits(limits),
      fingerprint: this.#settings.fingerprint,
      run: (job) => {
        this.#assertOpen();
        return this.#execute(job);
      },
      onOpen: () => this.#openSessions++,
      onClose: () => this.#openSessions--,
    };
    if (from === undefined) return new QuickJSSession(parts, { cells: 0, seed: this.#seed(seed), image: undefined });
    const state = await decodeSnapshot(from, parts.fingerprint);
    return new QuickJSSession(parts, seed === undefined ? state : { ...state, seed: checkedSeed(seed) });
  }

  stats(): SandboxStats {
    const { queued, running, restarts } = this.#pool;
    const { workers } = this.#settings;
    return { workers, queued, running, openSessions: this.#openSessions, restarts, finished: { ...this.#finished } };
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #execute({ signal, ...job }: Job): Promise<JobResult> {
    const reply = await this.#pool.submit({ id: ++this.#lastId, ...job }, signal);
    const outcome = JSON.parse(reply.outcome) as Outcome;
    this.#finished[outcome.status]++;
    const result = withFeedback(outcome, { outputChars: job.limits.outputChars, isTurn: job.turn !== undefined });
    return { result, image: reply.image };
  }

  #limits(overrides: Partial<Limits> | undefined): Limits {
    return overrides === undefined ? this.#settings.limits : resolveLimits(overrides, this.#settings.limits);
  }

  #seed(seed: number | undefined): number {
    return seed === undefined ? this.#settings.seed : checkedSeed(seed);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new RetoolError("SANDBOX_CLOSED", "the sandbox was closed");
  }
}

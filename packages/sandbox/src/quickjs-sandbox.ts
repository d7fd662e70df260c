import { availableParallelism } from "node:os";
import { InputError, RetoolError } from "@retool-ts/core";
import { withFeedback } from "./feedback.js";
import type { HeapImage } from "./heap-image.js";
import { resolveLimits, type Limits } from "./limits.js";
import type { RunReply, Turn } from "./messages.js";
import type {
  ExecutionResult,
  ExecutionStatus,
  RunOptions,
  Sandbox,
  SandboxOptions,
  SandboxStats,
  Session,
  SessionOptions,
  TurnOptions,
} from "./sandbox.js";
import { loadWorkerFiles } from "./worker-files.js";
import { WorkerPool } from "./worker-pool.js";

/**
 * Makes a sandbox that runs JavaScript in QuickJS, compiled to WebAssembly, inside worker threads. It resolves when
 * the first worker can run code. Workers that have nothing to do do not keep the process alive.
 */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { workers = 1, seed = 0, prelude = "math" } = options;
  if (!Number.isSafeInteger(workers) || workers < 1 || workers > 64) {
    const expected = `a whole number from 1 to 64 (this machine has ${availableParallelism()} cores)`;
    throw new InputError({ what: "sandbox", where: "workers", expected, found: String(workers), fix: "choose the cores less one" });
  }
  const limits = resolveLimits(options.limits);
  const { worker, guestSource, wasmModule } = await loadWorkerFiles();
  const pool = new WorkerPool(workers, worker, { guestSource, wasmModule, prelude, limits });
  await pool.start();
  return new QuickJSSandbox(pool, { workers, seed: checkedSeed(seed), limits });
}

interface Settings {
  readonly workers: number;
  readonly seed: number;
  readonly limits: Limits;
}

interface Job {
  readonly code: string;
  readonly limits: Limits;
  readonly seed: number | undefined;
  readonly turn: Turn | undefined;
  readonly signal: AbortSignal | undefined;
}

class QuickJSSandbox implements Sandbox {
  readonly #pool: WorkerPool;
  readonly #settings: Settings;
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

  constructor(pool: WorkerPool, settings: Settings) {
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

  async open({ seed, limits }: SessionOptions = {}): Promise<Session> {
    this.#assertOpen();
    const own = this.#limits(limits);
    const firstSeed = this.#seed(seed);
    this.#openSessions++;
    return new QuickJSSession({
      limits: own,
      run: (code, turnLimits, turn, signal) => {
        this.#assertOpen();
        return this.#execute({ code, limits: turnLimits, seed: turn.image === undefined ? firstSeed : undefined, turn, signal });
      },
      onClose: () => this.#openSessions--,
    });
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

  async #execute({ signal, ...job }: Job): Promise<{ readonly result: ExecutionResult; readonly image: HeapImage | undefined }> {
    const { outcome, image }: RunReply = await this.#pool.submit({ id: ++this.#lastId, ...job }, signal);
    this.#finished[outcome.status]++;
    const result = withFeedback(outcome, { outputChars: job.limits.outputChars, isTurn: job.turn !== undefined });
    return { result, image };
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

interface SessionParts {
  readonly limits: Limits;
  run(
    code: string,
    limits: Limits,
    turn: Turn,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly result: ExecutionResult; readonly image: HeapImage | undefined }>;
  onClose(): void;
}

/** The world between two cells is an image of its memory, so any worker can run any cell. */
class QuickJSSession implements Session {
  readonly #parts: SessionParts;
  #image: HeapImage | undefined;
  #cells = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async run(code: string, { limits, signal }: TurnOptions = {}): Promise<ExecutionResult> {
    const own = limits === undefined ? this.#parts.limits : resolveLimits(limits, this.#parts.limits);
    this.#assertOpen();
    assertCode(code);
    const turn = this.#last.then(() => this.#runNext(code, own, signal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.onClose();
    await this.#last;
    this.#image = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #runNext(code: string, limits: Limits, signal: AbortSignal | undefined): Promise<ExecutionResult> {
    this.#assertOpen();
    const { result, image } = await this.#parts.run(code, limits, { cell: ++this.#cells, image: this.#image }, signal);
    if (image !== undefined) this.#image = image;
    return result;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new RetoolError("SESSION_CLOSED", "the session was closed");
  }
}

/** Code often comes from parsed tool calls, where the types promise more than the data holds. */
function assertCode(code: unknown): void {
  if (typeof code === "string") return;
  const found = code === null ? "null" : typeof code;
  throw new InputError({ what: "sandbox", where: "code", expected: "a string", found, fix: "pass the code as text" });
}

function checkedSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  const expected = "a whole number from 0 to 2^53 - 1";
  throw new InputError({ what: "sandbox", where: "seed", expected, found: String(seed), fix: "choose a whole number" });
}

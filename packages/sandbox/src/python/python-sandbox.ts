import { InputError, RetoolError } from "@retool-ts/core";
import { withFeedback } from "../feedback.js";
import { resolveLimits, type Limits } from "../limits.js";
import { assertCode, checkedSeed } from "../quickjs-session.js";
import type { ExecutionResult, ExecutionStatus, RunOptions, Sandbox, SandboxStats, Session, SessionOptions } from "../sandbox.js";
import { PythonSession, type PythonJob, type PythonSessionParts } from "./python-session.js";
import { decodePythonSnapshot } from "./python-snapshot.js";
import type { SupervisedInterpreters } from "./supervised-interpreters.js";

interface Settings {
  readonly workers: number;
  readonly seed: number;
  readonly limits: Limits;
  readonly fingerprint: string;
}

/** Cells of Python in processes of their own. */
export class PythonSandbox implements Sandbox {
  readonly #pool: SupervisedInterpreters;
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
  #lastWorld = 0;
  #openSessions = 0;
  #closing: Promise<void> | undefined;

  constructor(pool: SupervisedInterpreters, settings: Settings) {
    this.#pool = pool;
    this.#settings = settings;
  }

  async run(code: string, { limits, seed, signal }: RunOptions = {}): Promise<ExecutionResult> {
    this.#assertOpen();
    assertCode(code);
    return this.#execute({ world: 0, past: [], cell: 1, seed: this.#seed(seed), code, limits: this.#limits(limits), signal });
  }

  async runBatch(codes: readonly string[], options: RunOptions = {}): Promise<ExecutionResult[]> {
    this.#assertOpen();
    codes.forEach(assertCode);
    return Promise.all(codes.map((code) => this.run(code, options)));
  }

  async open({ seed, limits, from }: SessionOptions = {}): Promise<Session> {
    this.#assertOpen();
    const { fingerprint } = this.#settings;
    const parts: PythonSessionParts = {
      limits: this.#limits(limits),
      fingerprint,
      run: (job) => {
        this.#assertOpen();
        return this.#execute(job);
      },
      onOpen: () => (this.#openSessions++, ++this.#lastWorld),
      onClose: (world) => {
        this.#openSessions--;
        this.#pool.forget(world);
      },
    };
    if (from === undefined) return new PythonSession(parts, { seed: this.#seed(seed), past: [] });
    const state = decodePythonSnapshot(from, fingerprint);
    if (seed !== undefined) {
      const fix = "leave the seed out: the snapshot's random numbers go on";
      throw new InputError({
        what: "sandbox",
        where: "seed",
        expected: "none beside a snapshot of a Python session",
        found: String(seed),
        fix,
      });
    }
    return new PythonSession(parts, state);
  }

  stats(): SandboxStats {
    const { queued, running, restarts } = this.#pool;
    return {
      workers: this.#settings.workers,
      queued,
      running,
      openSessions: this.#openSessions,
      restarts,
      finished: { ...this.#finished },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #execute({ signal, ...job }: PythonJob): Promise<ExecutionResult> {
    const { limits, world, code } = job;
    const { outcome } =
      code.length > limits.codeChars ? { outcome: tooLong(code, limits) } : await this.#pool.submit({ id: ++this.#lastId, ...job }, signal);
    this.#finished[outcome.status]++;
    return withFeedback(outcome, { outputChars: limits.outputChars, isTurn: world !== 0 });
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

function tooLong({ length }: string, { codeChars }: Limits) {
  const message = `the code has ${length} characters, more than the limit of ${codeChars}`;
  const usage = { fuel: 0, wallMs: 0, memoryBytes: 0 };
  return { status: "error", stdout: "", stderr: "", truncated: false, usage, error: { name: "Error", message } } as const;
}

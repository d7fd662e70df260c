import { CountingSandbox, type CountedPool, type SandboxDefaults, type SingleRun } from "./counting-sandbox.js";
import { withFeedback } from "./feedback.js";
import type { Outcome, RunReply, RunRequest } from "./pool/messages.js";
import { QuickJSSession, type Job, type JobResult, type SessionParts } from "./quickjs-session.js";
import { checkedSeed } from "./run-arguments.js";
import type { ExecutionResult, Session, SessionOptions } from "./sandbox.js";
import { decodeSnapshot } from "./engine/snapshot.js";

/** A pool that a {@link PooledSandbox} hands its runs to. */
export interface RunPool extends CountedPool {
  /** Never rejects. */
  submit(request: RunRequest, signal?: AbortSignal): Promise<RunReply>;
}

/** Settings of a {@link PooledSandbox}. */
export interface PooledSandboxSettings extends SandboxDefaults {
  /** Of the start of every world; snapshots carry it. */
  readonly fingerprint: Uint8Array;
}

/** JavaScript in a pool of workers, wherever that runs. */
export class PooledSandbox extends CountingSandbox {
  readonly #pool: RunPool;
  readonly #fingerprint: Uint8Array;

  constructor(pool: RunPool, settings: PooledSandboxSettings) {
    super(pool, settings);
    this.#pool = pool;
    this.#fingerprint = settings.fingerprint;
  }

  async open({ seed, limits, from }: SessionOptions = {}): Promise<Session> {
    this.assertOpen();
    const parts: SessionParts = {
      limits: this.limitsOf(limits),
      fingerprint: this.#fingerprint,
      run: (job) => {
        this.assertOpen();
        return this.#execute(job);
      },
      onOpen: () => this.countSessions(1),
      onClose: () => this.countSessions(-1),
    };
    if (from === undefined) return new QuickJSSession(parts, { cells: 0, seed: this.seedOf(seed), image: undefined });
    const state = await decodeSnapshot(from, parts.fingerprint);
    return new QuickJSSession(parts, seed === undefined ? state : { ...state, seed: checkedSeed(seed) });
  }

  protected async runOnce(run: SingleRun): Promise<ExecutionResult> {
    return (await this.#execute({ ...run, turn: undefined })).result;
  }

  async #execute({ signal, ...job }: Job): Promise<JobResult> {
    const reply = await this.#pool.submit({ id: this.nextId(), ...job }, signal);
    const outcome = JSON.parse(reply.outcome) as Outcome;
    this.countFinished(outcome.status);
    const result = withFeedback(outcome, { outputChars: job.limits.outputChars, isTurn: job.turn !== undefined });
    return { result, image: reply.image };
  }
}

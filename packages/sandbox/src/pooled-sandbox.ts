import { CountingSandbox, type CountedPool, type SandboxDefaults, type SingleRun } from "./counting-sandbox.js";
import { withFeedback } from "./feedback.js";
import type { HeapImage } from "./engine/heap-image.js";
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
  /** The start of every world. */
  readonly base: HeapImage;
  /** Of that; snapshots carry it. */
  readonly fingerprint: Uint8Array;
}

/** JavaScript in a pool of workers, wherever that runs. */
export class PooledSandbox extends CountingSandbox {
  readonly #pool: RunPool;
  readonly #base: HeapImage;
  readonly #fingerprint: Uint8Array;

  constructor(pool: RunPool, settings: PooledSandboxSettings) {
    super(pool, settings);
    this.#pool = pool;
    this.#base = settings.base;
    this.#fingerprint = settings.fingerprint;
  }

  async open({ seed, limits, from }: SessionOptions = {}): Promise<Session> {
    this.assertOpen();
    const parts: SessionParts = {
      limits: this.limitsOf(limits),
      base: this.#base,
      fingerprint: this.#fingerprint,
      run: (job) => {
        this.assertOpen();
        return this.#execute(job);
      },
      onOpen: () => this.countSessions(1),
      onClose: () => this.countSessions(-1),
    };
    if (from === undefined) return new QuickJSSession(parts, { cells: 0, seed: this.seedOf(seed), world: undefined });
    const { image, ...state } = await decodeSnapshot(from, parts.fingerprint);
    const world = image && { id: this.nextId(), home: undefined, parts: [image] };
    return new QuickJSSession(parts, { ...state, world, ...(seed === undefined ? {} : { seed: checkedSeed(seed) }) });
  }

  protected async runOnce(run: SingleRun): Promise<ExecutionResult> {
    return (await this.#execute({ ...run, turn: undefined })).result;
  }

  async #execute({ signal, ...job }: Job): Promise<JobResult> {
    const id = this.nextId();
    const reply = await this.#pool.submit({ id, ...job }, signal);
    const outcome = JSON.parse(reply.outcome) as Outcome;
    this.countFinished(outcome.status);
    const result = withFeedback(outcome, { outputChars: job.limits.outputChars, isTurn: job.turn !== undefined });
    return { result, changes: reply.changes, id, home: reply.home };
  }
}

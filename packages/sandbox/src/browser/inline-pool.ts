import { ABORTED } from "../feedback.js";
import type { HeapImage } from "../engine/heap-image.js";
import type { RunReply, RunRequest, WorkerSetup } from "../pool/messages.js";
import type { RunPool } from "../pooled-sandbox.js";
import { withoutKnown } from "../pool/missing-state.js";
import { endedReply } from "../pool/reply.js";
import type { StartThread } from "../pool/slot-thread.js";
import { Tally } from "../pool/tally.js";
import { WorkerPool } from "../pool/worker-pool.js";

/** A pool on the caller's own thread, with no supervisor in between. */
export class InlinePool implements RunPool {
  readonly #tally = Tally.allocate();
  readonly #pool: WorkerPool;
  /** The states before the cells that are not yet answered. */
  readonly #parts = new Map<number, readonly HeapImage[]>();
  #submitted = 0;

  constructor(workers: number, start: StartThread, setup: WorkerSetup) {
    const need = (id: number): void => {
      const parts = this.#parts.get(id);
      if (parts !== undefined) this.#pool.supply(id, parts);
    };
    this.#pool = new WorkerPool(workers, start, setup, need, this.#tally);
  }

  /** Resolves to the start of every world. */
  start(): Promise<HeapImage> {
    return this.#pool.start();
  }

  get queued(): number {
    return this.#submitted - this.#tally.answered - this.#tally.running;
  }

  get running(): number {
    return this.#tally.running;
  }

  get restarts(): number {
    return this.#tally.restarts;
  }

  async submit(request: RunRequest, signal?: AbortSignal): Promise<RunReply> {
    if (signal?.aborted) return endedReply(request.id, "killed", ABORTED);
    this.#submitted++;
    const abort = (): void => this.#pool.abort(request.id);
    signal?.addEventListener("abort", abort, { once: true });
    if (request.turn?.parts !== undefined) this.#parts.set(request.id, request.turn.parts);
    const reply = await this.#pool.submit(withoutKnown(request));
    this.#parts.delete(request.id);
    signal?.removeEventListener("abort", abort);
    return reply;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

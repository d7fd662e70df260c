import { setMaxListeners } from "node:events";
import { ABORTED } from "../feedback.js";

/** Times a run is handed to a supervisor that ends under it, before it is given up. */
const MAX_ATTEMPTS = 2;

interface Pending<Request, Reply> {
  readonly request: Request;
  attempts: number;
  settle(reply: Reply): void;
}

/** Actions of the caller's end of a supervisor. */
export interface PendingRunsEvents<Reply> {
  /** Makes the reply to a run of which nothing is known. */
  ended(id: number, status: "killed" | "infra", reason: string): Reply;
  /** A run was aborted; its reply is made already. */
  onAbort(id: number): void;
  /** From none to some, or from some to none. */
  onBusy(isBusy: boolean): void;
}

/** Runs handed to a supervisor and not yet answered; each is answered once, whatever happens to it. */
export class PendingRuns<Request extends { readonly id: number }, Reply extends { readonly id: number }> {
  readonly #runs = new Map<number, Pending<Request, Reply>>();
  readonly #events: PendingRunsEvents<Reply>;
  #isClosed = false;

  constructor(events: PendingRunsEvents<Reply>) {
    this.#events = events;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** Hands a run on, unless that has no sense any more. Never rejects. */
  add(request: Request, signal: AbortSignal | undefined, submit: () => void): Promise<Reply> {
    const { id } = request;
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve(this.#events.ended(id, "infra", "the sandbox was closed"));
      if (signal?.aborted) return resolve(this.#events.ended(id, "killed", ABORTED));
      const abort = (): void => {
        this.#events.onAbort(id);
        settle(this.#events.ended(id, "killed", ABORTED));
      };
      const settle = (reply: Reply): void => {
        if (!this.#runs.delete(id)) return;
        signal?.removeEventListener("abort", abort);
        if (this.#runs.size === 0) this.#events.onBusy(false);
        resolve(reply);
      };
      if (signal !== undefined) {
        setMaxListeners(0, signal); // one signal may stand behind thousands of runs
        signal.addEventListener("abort", abort, { once: true });
      }
      this.#runs.set(id, { request, attempts: 1, settle });
      if (this.#runs.size === 1) this.#events.onBusy(true);
      submit();
    });
  }

  /** A run that is not yet answered. */
  get(id: number): Request | undefined {
    return this.#runs.get(id)?.request;
  }

  settle(reply: Reply): void {
    this.#runs.get(reply.id)?.settle(reply);
  }

  /** The supervisor ended: the runs that get another try, in their order; the others are answered. */
  retry(): Request[] {
    const again: Request[] = [];
    for (const [id, run] of this.#runs) {
      if (run.attempts++ < MAX_ATTEMPTS) again.push(run.request);
      else run.settle(this.#events.ended(id, "infra", "the supervisor ended"));
    }
    return again;
  }

  /** Answers all runs, and those that are added from now on. */
  close(): void {
    this.#isClosed = true;
    for (const [id, run] of this.#runs) run.settle(this.#events.ended(id, "infra", "the sandbox was closed"));
  }
}

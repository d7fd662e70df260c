import { setMaxListeners } from "node:events";
import { Worker } from "node:worker_threads";
import { RetoolError } from "@retool-ts/core";
import { endedReply } from "./reply.js";
import { ABORTED } from "./feedback.js";
import type { HeapImage } from "./heap-image.js";
import type { FromSupervisor, RunReply, RunRequest, SupervisorSetup, ToSupervisor } from "./messages.js";
import { Tally } from "./tally.js";

/** Times a run is handed to a supervisor that ends under it, before it is given up. */
const MAX_ATTEMPTS = 2;

interface Pending {
  readonly request: RunRequest;
  attempts: number;
  settle(reply: RunReply): void;
}

/** What a {@link SupervisedPool} is made of. */
export interface SupervisedPoolOptions extends Omit<SupervisorSetup, "tally" | "base"> {
  /** The supervisor's file. */
  readonly supervisor: URL;
}

/** The caller's end: hands runs to the supervisor's thread, and starts another one should it ever end. */
export class SupervisedPool {
  readonly #supervisor: URL;
  readonly #setup: Omit<SupervisorSetup, "tally" | "base">;
  readonly #pending = new Map<number, Pending>();
  #thread: Worker | undefined;
  #tally = Tally.allocate();
  /** Runs handed to the present thread, and the restarts before it. */
  #submitted = 0;
  #earlierRestarts = 0;
  #base: HeapImage | undefined;
  #outbox: RunRequest[] = [];
  #isClosed = false;

  constructor({ supervisor, ...setup }: SupervisedPoolOptions) {
    this.#supervisor = supervisor;
    this.#setup = setup;
  }

  /** Resolves to the start of every world, once a worker has made it. */
  start(): Promise<HeapImage> {
    return new Promise((ready, failed) => {
      const fail = (reason: string): void => failed(new RetoolError("SANDBOX_START", reason));
      this.#spawn(ready, fail);
    });
  }

  get restarts(): number {
    return this.#earlierRestarts + this.#tally.restarts;
  }

  get running(): number {
    return this.#tally.running;
  }

  get queued(): number {
    return Math.max(0, this.#submitted + this.#outbox.length - this.#tally.answered - this.#tally.running);
  }

  /** Queues a run. Never rejects. */
  submit(request: RunRequest, signal?: AbortSignal): Promise<RunReply> {
    const { id } = request;
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve(endedReply(id, "infra", "the sandbox was closed"));
      if (signal?.aborted) return resolve(endedReply(id, "killed", ABORTED));
      const abort = (): void => {
        this.#outbox = this.#outbox.filter((waiting) => waiting.id !== id);
        this.#post({ type: "abort", id });
        settle(endedReply(id, "killed", ABORTED));
      };
      const settle = (reply: RunReply): void => {
        if (!this.#pending.delete(id)) return;
        signal?.removeEventListener("abort", abort);
        if (this.#pending.size === 0) this.#thread?.unref();
        resolve(reply);
      };
      if (signal !== undefined) {
        setMaxListeners(0, signal); // one signal may stand behind thousands of runs
        signal.addEventListener("abort", abort, { once: true });
      }
      this.#pending.set(id, { request, attempts: 1, settle });
      if (this.#pending.size === 1) this.#thread?.ref();
      this.#outbox.push(request);
      if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#outbox = [];
    for (const [id, { settle }] of this.#pending) settle(endedReply(id, "infra", "the sandbox was closed"));
    this.#tally = Tally.allocate();
    this.#submitted = 0;
    await this.#thread?.terminate();
  }

  #spawn(ready: (base: HeapImage) => void, failed: (reason: string) => void): void {
    const tally = Tally.allocate();
    const workerData: SupervisorSetup = { ...this.#setup, tally: tally.buffer, base: this.#base };
    const thread = new Worker(this.#supervisor, { workerData, env: {}, execArgv: [], stdin: false });
    this.#thread = thread;
    this.#tally = tally;
    let failure = "the supervisor ended";
    thread.on("error", (error: Error) => (failure = error.message));
    thread.on("exit", () => {
      failed(failure);
      this.#replace();
    });
    thread.on("message", (message: FromSupervisor) => {
      switch (message.type) {
        case "ready":
          this.#base = message.base;
          if (this.#pending.size === 0) thread.unref();
          ready(message.base);
          return;
        case "failed":
          failure = message.reason;
          void thread.terminate();
          return;
        case "replies":
          for (const reply of message.replies) this.#pending.get(reply.id)?.settle(reply);
      }
    });
  }

  /** The supervisor's thread is gone: its runs are handed to another one, once. */
  #replace(): void {
    if (this.#isClosed || this.#base === undefined) return;
    this.#earlierRestarts += this.#tally.restarts + 1;
    this.#outbox = [];
    for (const [id, task] of this.#pending) {
      if (task.attempts++ < MAX_ATTEMPTS) this.#outbox.push(task.request);
      else task.settle(endedReply(id, "infra", "the supervisor ended"));
    }
    this.#submitted = 0;
    const ignore = (): void => undefined;
    this.#spawn(ignore, ignore);
    this.#flush();
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    this.#submitted += this.#outbox.length;
    this.#post({ type: "submit", requests: this.#outbox });
    this.#outbox = [];
  }

  #post(message: ToSupervisor): void {
    this.#thread?.postMessage(message);
  }
}

import type { Worker } from "node:worker_threads";
import { RetoolError } from "@retool-ts/core";
import type { HeapImage } from "../engine/heap-image.js";
import type { FromSupervisor, RunReply, RunRequest, SupervisorSetup, ToSupervisor } from "./messages.js";
import { withoutKnown } from "./missing-state.js";
import { PendingRuns } from "./pending-runs.js";
import { endedReply } from "./reply.js";
import { startSupervisor } from "./supervisor-thread.js";
import { Tally } from "./tally.js";

/** Parts of a {@link SupervisedPool}. */
export interface SupervisedPoolOptions extends Omit<SupervisorSetup, "tally" | "base"> {
  /** The supervisor's file. */
  readonly supervisor: URL;
}

/** The caller's end of the supervisor's thread. Should that end, its runs go to another one, and so do those that come later. */
export class SupervisedPool {
  readonly #supervisor: URL;
  readonly #setup: Omit<SupervisorSetup, "tally" | "base">;
  readonly #pending = new PendingRuns<RunRequest, RunReply>({
    ended: endedReply,
    onAbort: (id) => {
      this.#outbox = this.#outbox.filter((waiting) => waiting.id !== id);
      this.#post({ type: "abort", id });
    },
    onBusy: (isBusy) => (isBusy ? this.#thread?.ref() : this.#thread?.unref()),
  });
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
    return this.#pending.add(request, signal, () => {
      this.#outbox.push(request);
      if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#outbox = [];
    this.#pending.close();
    this.#tally = Tally.allocate();
    this.#submitted = 0;
    await this.#thread?.terminate();
  }

  #spawn(ready?: (base: HeapImage) => void, failed?: (reason: string) => void): void {
    const tally = Tally.allocate();
    const workerData: SupervisorSetup = { ...this.#setup, tally: tally.buffer, base: this.#base };
    const thread = startSupervisor<FromSupervisor>(this.#supervisor, workerData, {
      message: (message) => {
        switch (message.type) {
          case "ready":
            this.#base = message.base;
            if (this.#pending.size === 0) thread.unref();
            return ready?.(message.base);
          case "replies":
            for (const reply of message.replies) this.#pending.settle(reply);
            return;
          case "need": {
            const parts = this.#pending.get(message.id)?.turn?.parts;
            if (parts !== undefined) this.#post({ type: "supply", id: message.id, parts });
          }
        }
      },
      exit: (reason) => {
        failed?.(reason);
        this.#replace();
      },
    });
    this.#thread = thread;
    this.#tally = tally;
  }

  #replace(): void {
    this.#thread = undefined;
    if (this.#isClosed) return;
    this.#earlierRestarts += this.#tally.restarts + 1;
    this.#tally = Tally.allocate();
    this.#outbox = this.#pending.retry();
    this.#submitted = 0;
    this.#flush();
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    if (this.#thread === undefined) this.#spawn();
    this.#submitted += this.#outbox.length;
    this.#post({ type: "submit", requests: this.#outbox.map(withoutKnown) });
    this.#outbox = [];
  }

  #post(message: ToSupervisor): void {
    this.#thread?.postMessage(message);
  }
}

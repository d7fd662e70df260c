import type { Worker } from "node:worker_threads";
import { RetoolError } from "@retool-ts/core";
import { PendingRuns } from "../pool/pending-runs.js";
import { startSupervisor } from "../pool/supervisor-thread.js";
import { Tally } from "../pool/tally.js";
import type { FromPythonSupervisor, PythonReply, PythonRequest, PythonSetup, ToPythonSupervisor } from "./messages.js";
import { infraOutcome } from "./outcome.js";

/** The caller's end of the supervisor's thread. Should that end, its runs go to another one, and so do those that come later. */
export class SupervisedInterpreters {
  readonly #file: URL;
  readonly #setup: Omit<PythonSetup, "tally">;
  readonly #pending = new PendingRuns<PythonRequest, PythonReply>({
    ended: (id, status, reason) => ({ id, outcome: infraOutcome(status, reason) }),
    onAbort: (id) => this.#post({ type: "abort", id }),
    onBusy: (isBusy) => (isBusy ? this.#thread?.ref() : this.#thread?.unref()),
  });
  readonly #tally = Tally.allocate();
  #thread: Worker | undefined;
  #isClosed = false;
  #onClosed: (() => void) | undefined;

  constructor(file: URL, setup: Omit<PythonSetup, "tally">) {
    this.#file = file;
    this.#setup = setup;
  }

  /** Resolves when the first process can run code. */
  start(): Promise<void> {
    return new Promise((ready, failed) =>
      this.#spawn(ready, (reason) => failed(new RetoolError("SANDBOX_START", `Python did not start: ${reason}`))),
    );
  }

  get restarts(): number {
    return this.#tally.restarts;
  }

  get running(): number {
    return this.#tally.running;
  }

  get queued(): number {
    return Math.max(0, this.#pending.size - this.#tally.running);
  }

  /** Queues a run. Never rejects. */
  submit(request: PythonRequest, signal?: AbortSignal): Promise<PythonReply> {
    return this.#pending.add(request, signal, () => this.#hand([request]));
  }

  /** A session is no more. */
  forget(world: number): void {
    this.#post({ type: "forget", world });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pending.close();
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.ref(); // or a process with nothing else to do ends before its children have
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      thread.once("exit", () => resolve());
      this.#post({ type: "close" });
    });
    await thread.terminate();
  }

  #spawn(ready?: () => void, failed?: (reason: string) => void): void {
    const workerData: PythonSetup = { ...this.#setup, tally: this.#tally.buffer };
    const thread = startSupervisor<FromPythonSupervisor>(this.#file, workerData, {
      message: (message) => {
        switch (message.type) {
          case "ready":
            if (this.#pending.size === 0) thread.unref();
            return ready?.();
          case "reply":
            return this.#pending.settle(message.reply);
          case "closed":
            this.#onClosed?.();
        }
      },
      exit: (reason) => {
        failed?.(reason);
        this.#replace();
      },
    });
    this.#thread = thread;
  }

  #replace(): void {
    this.#thread = undefined;
    if (this.#isClosed) return;
    this.#tally.addRestart();
    this.#tally.running = 0;
    this.#hand(this.#pending.retry());
  }

  #hand(requests: readonly PythonRequest[]): void {
    if (requests.length > 0 && this.#thread === undefined) this.#spawn();
    for (const request of requests) this.#post({ type: "submit", request });
  }

  #post(message: ToPythonSupervisor): void {
    this.#thread?.postMessage(message);
  }
}

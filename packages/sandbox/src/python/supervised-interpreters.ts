import { Worker } from "node:worker_threads";
import { RetoolError } from "@retool-ts/core";
import { ABORTED } from "../feedback.js";
import { Tally } from "../tally.js";
import type { FromPythonSupervisor, PythonReply, PythonRequest, PythonSetup, ToPythonSupervisor } from "./messages.js";
import { infraOutcome } from "./outcome.js";

/** Times a run is handed to a supervisor that ends under it, before it is given up. */
const MAX_ATTEMPTS = 2;

interface Pending {
  readonly request: PythonRequest;
  attempts: number;
  settle(reply: PythonReply): void;
}

/** The caller's end of the supervisor's thread, which is started again should it end. */
export class SupervisedInterpreters {
  readonly #file: URL;
  readonly #setup: Omit<PythonSetup, "tally">;
  readonly #pending = new Map<number, Pending>();
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
    const { id } = request;
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve({ id, outcome: infraOutcome("infra", "the sandbox was closed") });
      if (signal?.aborted) return resolve({ id, outcome: infraOutcome("killed", ABORTED) });
      const abort = (): void => {
        this.#post({ type: "abort", id });
        settle({ id, outcome: infraOutcome("killed", ABORTED) });
      };
      const settle = (reply: PythonReply): void => {
        if (!this.#pending.delete(id)) return;
        signal?.removeEventListener("abort", abort);
        if (this.#pending.size === 0) this.#thread?.unref();
        resolve(reply);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending.set(id, { request, attempts: 1, settle });
      if (this.#pending.size === 1) this.#thread?.ref();
      this.#post({ type: "submit", request });
    });
  }

  /** A session is no more. */
  forget(world: number): void {
    this.#post({ type: "forget", world });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [id, { settle }] of this.#pending) settle({ id, outcome: infraOutcome("infra", "the sandbox was closed") });
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

  #spawn(ready: () => void, failed: (reason: string) => void): void {
    const workerData: PythonSetup = { ...this.#setup, tally: this.#tally.buffer };
    const thread = new Worker(this.#file, { workerData, env: {}, execArgv: [], stdin: false });
    this.#thread = thread;
    let failure = "the supervisor ended";
    thread.on("error", (error: Error) => (failure = error.message));
    thread.on("exit", () => {
      failed(failure);
      this.#replace();
    });
    thread.on("message", (message: FromPythonSupervisor) => {
      switch (message.type) {
        case "ready":
          if (this.#pending.size === 0) thread.unref();
          return ready();
        case "failed":
          failure = message.reason;
          this.#isClosed = true;
          void thread.terminate();
          return;
        case "reply":
          return this.#pending.get(message.reply.id)?.settle(message.reply);
        case "closed":
          this.#onClosed?.();
      }
    });
  }

  #replace(): void {
    this.#thread = undefined;
    if (this.#isClosed) return;
    this.#tally.addRestart();
    this.#tally.running = 0;
    const ignore = (): void => undefined;
    this.#spawn(ignore, ignore);
    for (const [id, task] of this.#pending) {
      if (task.attempts++ < MAX_ATTEMPTS) this.#post({ type: "submit", request: task.request });
      else task.settle({ id, outcome: infraOutcome("infra", "the supervisor ended") });
    }
  }

  #post(message: ToPythonSupervisor): void {
    this.#thread?.postMessage(message);
  }
}

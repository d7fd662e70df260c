import { setMaxListeners } from "node:events";
import { RetoolError } from "@retool-ts/core";
import { ABORTED } from "./feedback.js";
import type { HeapImage } from "./heap-image.js";
import type { Outcome, RunReply, RunRequest, WorkerSetup } from "./messages.js";
import { WorkerSlot, type SlotEvents, type SlotExit } from "./worker-slot.js";

/** Most requests in one message to a worker. */
const MAX_CHUNK = 64;

/** Times a run is tried before a fault that is not its doing is reported. */
const MAX_ATTEMPTS = 2;

/** Workers that may fail to start in a row before waiting runs are given up. */
const MAX_FAILED_STARTS = 3;

interface Task {
  readonly request: RunRequest;
  attempts: number;
  settle(reply: RunReply): void;
}

type PoolSetup = Omit<WorkerSetup, "base" | "progress">;

/** Workers and the queue before them. A worker that dies takes only the run it was at with it. */
export class WorkerPool {
  readonly #size: number;
  readonly #file: URL;
  readonly #setup: PoolSetup;
  readonly #slots = new Set<WorkerSlot>();
  readonly #tasks = new Map<number, Task>();
  #queue: Task[] = [];
  #base: HeapImage | undefined;
  #onStart: { ready(base: HeapImage): void; failed(error: Error): void } | undefined;
  #failedStarts = 0;
  #isClosed = false;
  #restarts = 0;

  constructor(size: number, file: URL, setup: PoolSetup) {
    this.#size = size;
    this.#file = file;
    this.#setup = setup;
  }

  /** Starts the first worker, which makes the world every run begins in; the others start when they are needed. */
  async start(): Promise<HeapImage> {
    const base = await new Promise<HeapImage>((ready, failed) => {
      this.#onStart = { ready, failed };
      this.#spawn();
    });
    this.#onStart = undefined;
    return base;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get running(): number {
    return [...this.#slots].reduce((sum, slot) => sum + slot.heldCount, 0);
  }

  /** Queues a run. Never rejects. */
  submit(request: RunRequest, signal?: AbortSignal): Promise<RunReply> {
    return new Promise((resolve) => {
      const abort = (): void => this.#abort(request.id);
      const settle = (reply: RunReply): void => {
        if (!this.#tasks.delete(request.id)) return;
        signal?.removeEventListener("abort", abort);
        resolve(reply);
      };
      const task: Task = { request, attempts: 0, settle };
      this.#tasks.set(request.id, task);
      if (this.#isClosed) return settle(infra(task, "the sandbox was closed"));
      if (signal?.aborted) return settle(ended(task, "killed", ABORTED));
      if (signal !== undefined) {
        setMaxListeners(0, signal); // one signal may stand behind thousands of runs
        signal.addEventListener("abort", abort, { once: true });
      }
      this.#queue.push(task);
      if (this.#queue.length === 1) queueMicrotask(() => this.#dispatch());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue = [];
    for (const task of this.#tasks.values()) task.settle(infra(task, "the sandbox was closed"));
    await Promise.all([...this.#slots].map((slot) => slot.stop()));
  }

  #dispatch(): void {
    if (this.#isClosed) return;
    this.#queue = this.#queue.filter(({ request }) => this.#tasks.has(request.id));
    for (const slot of this.#slots) {
      if (this.#queue.length === 0) return;
      if (slot.isIdle) slot.send(this.#takeChunk().map(({ request }) => request));
    }
    const wanted = Math.min(this.#size, this.#slots.size + this.#queue.length);
    while (this.#slots.size < wanted && this.#base !== undefined) this.#spawn();
  }

  /** A share of the queue, smaller towards its end, so that the workers finish together. */
  #takeChunk(): Task[] {
    return this.#queue.splice(0, Math.min(MAX_CHUNK, Math.ceil(this.#queue.length / (2 * this.#size))));
  }

  #spawn(): void {
    const events: SlotEvents = {
      ready: (base) => {
        this.#base ??= base;
        this.#failedStarts = 0;
        this.#onStart?.ready(base);
        this.#dispatch();
      },
      replies: (_slot, replies) => {
        for (const reply of replies) this.#receive(reply);
        this.#dispatch();
      },
      exit: (slot, exit) => this.#replace(slot, exit),
    };
    this.#slots.add(new WorkerSlot(this.#file, { ...this.#setup, base: this.#base }, events));
  }

  #receive(reply: RunReply): void {
    const task = this.#tasks.get(reply.id);
    if (task === undefined) return;
    if (reply.outcome.status === "infra" && ++task.attempts < MAX_ATTEMPTS) this.#queue.push(task);
    else task.settle(reply);
  }

  #replace(slot: WorkerSlot, exit: SlotExit): void {
    this.#slots.delete(slot);
    if (this.#isClosed) return;
    if (this.#onStart !== undefined) {
      this.#onStart.failed(new RetoolError("SANDBOX_START", `the sandbox's worker did not start: ${exit.failure}`));
      return;
    }
    this.#restarts++;
    const again: Task[] = [];
    for (const { id } of exit.unanswered) {
      const task = this.#tasks.get(id);
      if (task === undefined) continue;
      if (id === exit.culprit && exit.killReason !== undefined) task.settle(killed(task, exit));
      else if (id === exit.culprit && ++task.attempts >= MAX_ATTEMPTS) task.settle(infra(task, exit.failure));
      else again.push(task);
    }
    this.#queue.unshift(...again);
    if (exit.unanswered.length === 0 && ++this.#failedStarts >= MAX_FAILED_STARTS) {
      for (const task of this.#queue.splice(0)) task.settle(infra(task, exit.failure));
    }
    this.#dispatch();
  }

  #abort(id: number): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    for (const slot of this.#slots) if (slot.isRunning(id)) slot.kill(ABORTED);
    task.settle(ended(task, "killed", ABORTED));
  }
}

function ended({ request }: Task, status: "killed" | "infra", reason: string): RunReply {
  const usage = { fuel: 0, wallMs: 0, memoryBytes: 0 };
  return { id: request.id, outcome: { status, reason, stdout: "", stderr: "", truncated: false, usage }, image: undefined };
}

function infra(task: Task, reason: string): RunReply {
  return ended(task, "infra", reason);
}

function killed(task: Task, { killReason, stdout, stderr }: SlotExit): RunReply {
  const { limits } = task.request;
  const usage = { fuel: 0, wallMs: limits.wallMs + limits.graceMs, memoryBytes: 0 };
  const outcome: Outcome = { status: "killed", reason: killReason!, stdout, stderr, truncated: false, usage };
  return { id: task.request.id, outcome, image: undefined };
}

import { RetoolError } from "@retool-ts/core";
import { ABORTED } from "../feedback.js";
import { endedReply, lateReply } from "./reply.js";
import type { HeapImage } from "../engine/heap-image.js";
import type { RunReply, RunRequest, WorkerSetup } from "./messages.js";
import { Tally } from "./tally.js";
import type { StartThread } from "./slot-thread.js";
import { WorkerSlot, type SlotEvents, type SlotExit } from "./worker-slot.js";

/** Most requests in one message to a worker. */
const MAX_CHUNK = 64;

/** Times a run is tried before a fault that is not its doing is reported. */
const MAX_ATTEMPTS = 2;

/** Workers that may fail to start in a row before waiting runs are given up. */
const MAX_FAILED_STARTS = 3;

interface Task {
  request: RunRequest;
  attempts: number;
  /** True when the clock has ended it once. */
  isLate: boolean;
  settle(reply: RunReply): void;
}

/** Data that every worker of a pool is started with; a `base` that is known is not made again. */
export type PoolSetup = WorkerSetup;

/** Workers and the queue before them. A worker that dies takes only the run it was at with it. */
export class WorkerPool {
  readonly #size: number;
  readonly #start: StartThread;
  readonly #setup: PoolSetup;
  readonly #slots = new Set<WorkerSlot>();
  readonly #tasks = new Map<number, Task>();
  #queue: Task[] = [];
  /** Runs that the clock ended, to be tried while no other runs. */
  #late: Task[] = [];
  #base: HeapImage | undefined;
  #onStart: { ready(base: HeapImage): void; failed(error: Error): void } | undefined;
  #failedStarts = 0;
  #lastSlot = 0;
  readonly #need: (id: number) => void;
  readonly #tally: Tally;
  #isClosed = false;

  /** @param need - asks for {@link supply}: no worker knows the state before run `id` */
  constructor(size: number, start: StartThread, setup: PoolSetup, need: (id: number) => void, tally: Tally = Tally.allocate()) {
    this.#size = size;
    this.#start = start;
    this.#setup = setup;
    this.#base = setup.base;
    this.#need = need;
    this.#tally = tally;
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

  /** Queues a run. Never rejects. */
  submit(request: RunRequest): Promise<RunReply> {
    return new Promise((resolve) => {
      const settle = (reply: RunReply): void => {
        if (!this.#tasks.delete(request.id)) return;
        this.#tally.addAnswered();
        resolve(reply);
      };
      this.#tasks.set(request.id, { request, attempts: 0, isLate: false, settle });
      if (this.#isClosed) return settle(endedReply(request.id, "infra", "the sandbox was closed"));
      this.#queue.push(this.#tasks.get(request.id)!);
      if (this.#queue.length === 1) queueMicrotask(() => this.#dispatch());
    });
  }

  /** Brings the state before a run that could not begin without it. */
  supply(id: number, parts: readonly HeapImage[]): void {
    const task = this.#tasks.get(id);
    if (task?.request.turn === undefined) return;
    task.request = { ...task.request, turn: { ...task.request.turn, parts } };
    (task.isLate ? this.#late : this.#queue).unshift(task);
    this.#dispatch();
  }

  /** Ends a run at once, whether it waits or runs. */
  abort(id: number): void {
    for (const slot of this.#slots) if (slot.isRunning(id)) slot.kill(ABORTED);
    this.#tasks.get(id)?.settle(endedReply(id, "killed", ABORTED));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue = [];
    this.#late = [];
    for (const [id, task] of this.#tasks) task.settle(endedReply(id, "infra", "the sandbox was closed"));
    await Promise.all([...this.#slots].map((slot) => slot.stop()));
  }

  #dispatch(): void {
    if (this.#isClosed) return;
    const isAsked = ({ request }: Task): boolean => this.#tasks.has(request.id);
    this.#queue = this.#queue.filter(isAsked);
    this.#late = this.#late.filter(isAsked);
    if (this.#late.length > 0) this.#sendAlone();
    else if (![...this.#slots].some((slot) => slot.isAlone)) this.#sendChunks();
    const wanted = Math.min(this.#size, this.#slots.size + this.#queue.length + this.#late.length);
    while (this.#slots.size < wanted && this.#base !== undefined) this.#spawn();
    this.#countRunning();
  }

  #sendChunks(): void {
    for (const isOwn of [true, false]) {
      for (const slot of this.#slots) {
        if (this.#queue.length === 0) return;
        if (slot.isIdle) this.#sendChunk(slot, isOwn);
      }
    }
  }

  /** Gives a slot a share of the queue. @param isOwn - only cells that go on from a state it made */
  #sendChunk(slot: WorkerSlot, isOwn: boolean): void {
    const isFor = ({ request }: Task): boolean => !isOwn || request.turn?.home === slot.number;
    const chunk = this.#queue.filter(isFor).slice(0, this.#chunkLength());
    if (chunk.length === 0) return;
    const taken = new Set(chunk);
    this.#queue = this.#queue.filter((task) => !taken.has(task));
    slot.send(chunk.map(({ request }) => request));
  }

  /** Hands out one late run once all that runs has ended; until it has ended as well, nothing else is handed out. */
  #sendAlone(): void {
    if ([...this.#slots].some((slot) => slot.heldCount > 0)) return;
    const idle = [...this.#slots].find((slot) => slot.isIdle);
    if (idle !== undefined) idle.send([this.#late.shift()!.request], { isAlone: true });
  }

  #countRunning(): void {
    this.#tally.running = [...this.#slots].reduce((sum, slot) => sum + slot.heldCount, 0);
  }

  /** Smaller towards the queue's end, so that the workers finish together. */
  #chunkLength(): number {
    return Math.min(MAX_CHUNK, Math.ceil(this.#queue.length / (2 * this.#size)));
  }

  #spawn(): void {
    const events: SlotEvents = {
      ready: (base) => {
        this.#base ??= base;
        this.#failedStarts = 0;
        this.#onStart?.ready(base);
        this.#dispatch();
      },
      replies: ({ number }, replies) => {
        for (const reply of replies) this.#receive({ ...reply, home: number });
        this.#dispatch();
      },
      exit: (slot, exit) => this.#replace(slot, exit),
    };
    this.#slots.add(new WorkerSlot(++this.#lastSlot, this.#start, { ...this.#setup, base: this.#base }, events));
  }

  #receive(reply: RunReply): void {
    const task = this.#tasks.get(reply.id);
    if (task === undefined) return;
    if (reply.isMissing) this.#need(reply.id);
    else if (reply.isLate) this.#takeLate(task, reply);
    else if (reply.isFault && ++task.attempts < MAX_ATTEMPTS) this.#queue.push(task);
    else task.settle(reply);
  }

  /** The clock has ended a run: it gets one more try, with the machine to itself as far as this pool can see to that. */
  #takeLate(task: Task, reply: RunReply): void {
    if (task.isLate || !task.request.rerun) return task.settle(reply);
    task.isLate = true;
    this.#late.push(task);
  }

  #replace(slot: WorkerSlot, exit: SlotExit): void {
    this.#slots.delete(slot);
    if (this.#isClosed) return;
    if (this.#onStart !== undefined) {
      this.#onStart.failed(new RetoolError("SANDBOX_START", `the sandbox's worker did not start: ${exit.failure}`));
      return;
    }
    this.#tally.addRestart();
    const again: Task[] = [];
    for (const { id } of exit.unanswered) {
      const task = this.#tasks.get(id);
      if (task === undefined) continue;
      if (id === exit.culprit && exit.killReason !== undefined) this.#takeLate(task, lateReply(id, exit));
      else if (id === exit.culprit && ++task.attempts >= MAX_ATTEMPTS) task.settle(endedReply(id, "infra", exit.failure));
      else if (task.isLate) this.#late.push(task);
      else again.push(task);
    }
    this.#queue.unshift(...again);
    if (exit.unanswered.length === 0 && ++this.#failedStarts >= MAX_FAILED_STARTS) {
      for (const { request, settle } of [...this.#queue.splice(0), ...this.#late.splice(0)]) {
        settle(endedReply(request.id, "infra", exit.failure));
      }
    }
    this.#dispatch();
  }
}

import type { HeapImage } from "../engine/heap-image.js";
import type { FromWorker, RunReply, RunRequest, WorkerSetup } from "./messages.js";
import type { SlotThread, StartThread } from "./slot-thread.js";

/** Milliseconds between two looks at what a busy worker is doing. */
const WATCH_MS = 50;

/** Milliseconds a worker may have requests and run none of them before it counts as broken. */
const STALL_MS = 60_000;

/** Events that a slot tells its pool of. */
export interface SlotEvents {
  ready(base: HeapImage): void;
  replies(slot: WorkerSlot, replies: readonly RunReply[]): void;
  /** The thread is gone. `unanswered` is in the order the requests were sent. */
  exit(slot: WorkerSlot, exit: SlotExit): void;
}

/** The end of a thread. */
export interface SlotExit {
  readonly unanswered: readonly RunRequest[];
  /** Id of the run it was at, or of the first it held; 0 when it held none. */
  readonly culprit: number;
  /** The pool's reason for killing it; undefined when it ended by itself. */
  readonly killReason: string | undefined;
  readonly failure: string;
  /** Milliseconds that the culprit had run when the thread was killed. */
  readonly ranMs: number;
  /** Output of the culprit so far. */
  readonly stdout: string;
  readonly stderr: string;
}

/** One worker thread, the requests it holds, and the deadline of the one it runs. */
export class WorkerSlot {
  /** Unlike that of any other slot of its pool. */
  readonly number: number;
  readonly #thread: SlotThread;
  readonly #events: SlotEvents;
  readonly #held = new Map<number, RunRequest>();
  #isReady = false;
  #isAlone = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  #seen = { id: 0, sinceMs: 0 };
  #lookedMs = 0;
  #kill: { readonly reason: string | undefined; readonly culprit: number; readonly ranMs: number } | undefined;
  #failure = "the worker ended";

  constructor(number: number, start: StartThread, setup: WorkerSetup, events: SlotEvents) {
    this.number = number;
    this.#events = events;
    this.#thread = start(setup, {
      message: (message) => this.#receive(message),
      error: (reason) => (this.#failure = reason),
      exit: () => this.#exit(),
    });
  }

  /** True when it can take requests at once. */
  get isIdle(): boolean {
    return this.#isReady && this.#held.size === 0 && this.#kill === undefined;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  /** True when it runs something beside which nothing else may run. */
  get isAlone(): boolean {
    return this.#isAlone && this.#held.size > 0;
  }

  send(requests: readonly RunRequest[], { isAlone = false } = {}): void {
    this.#isAlone = isAlone;
    for (const request of requests) this.#held.set(request.id, request);
    this.#thread.post(requests);
    this.#thread.ref();
    this.#seen = { id: 0, sinceMs: performance.now() };
    this.#lookedMs = performance.now();
    this.#watch ??= setInterval(() => this.#look(), WATCH_MS);
  }

  /** True when run `id` is the one being run. */
  isRunning(id: number): boolean {
    return this.#thread.current === id;
  }

  /** Ends the thread; what it was running is the culprit. No reason stands for a fault of the thread's own. */
  kill(reason: string | undefined): void {
    if (this.#kill !== undefined) return;
    const culprit = this.#thread.current;
    const ranMs = culprit === this.#seen.id ? performance.now() - this.#seen.sinceMs : 0;
    this.#kill = { reason, culprit, ranMs };
    void this.#thread.terminate();
  }

  /** Ends the thread and waits until it is gone. */
  async stop(): Promise<void> {
    clearInterval(this.#watch);
    await this.#thread.terminate();
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        this.#isReady = true;
        if (this.#held.size === 0) this.#thread.unref();
        this.#events.ready(message.base);
        return;
      case "failed":
        this.#failure = message.reason;
        void this.#thread.terminate();
        return;
      case "replies":
        for (const { id } of message.replies) this.#held.delete(id);
        if (this.#held.size === 0) this.#rest();
        this.#events.replies(this, message.replies);
    }
  }

  #rest(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#thread.unref();
  }

  /** A run that is still the current one after its deadline is killed; one that began since is not its business. */
  #look(): void {
    const id = this.#thread.current;
    const nowMs = performance.now();
    const wasBlocked = nowMs - this.#lookedMs > 4 * WATCH_MS;
    this.#lookedMs = nowMs;
    if (wasBlocked && !this.#thread.isLive) return; // what the thread has said since is still to be read
    if (id !== this.#seen.id) {
      this.#seen = { id, sinceMs: nowMs };
      return;
    }
    const limits = this.#held.get(id)?.limits;
    const waitedMs = nowMs - this.#seen.sinceMs;
    if (limits === undefined && waitedMs > STALL_MS) this.kill(undefined);
    if (limits !== undefined && waitedMs > limits.wallMs + limits.graceMs) this.kill("the run passed its deadline");
  }

  #exit(): void {
    clearInterval(this.#watch);
    const current = this.#kill?.culprit ?? this.#thread.current;
    const unanswered = [...this.#held.values()];
    this.#events.exit(this, {
      unanswered,
      culprit: this.#held.has(current) || this.#kill?.reason !== undefined ? current : (unanswered[0]?.id ?? 0),
      killReason: this.#kill?.reason,
      failure: this.#failure,
      ranMs: this.#kill?.ranMs ?? 0,
      ...this.#thread.output(),
    });
  }
}

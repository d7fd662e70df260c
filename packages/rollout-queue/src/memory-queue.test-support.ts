import type { JobEnd, JobHandler, JobQueue, JobSource, QueuedJob, Submission } from "./job-queue.js";

interface Entry {
  readonly job: QueuedJob;
  state: "waiting" | "active" | "done" | "failed";
  end?: JobEnd;
}

/** A worker of a {@link MemoryQueue}. */
export interface MemoryWorker {
  /** It says nothing any more: what it had goes to others, and what it finds out all the same arrives late. */
  lose(): void;
  close(): Promise<void>;
}

/** A queue in this process that does what a real one may do: give a job twice, tell an end twice, lose workers. */
export class MemoryQueue implements JobQueue, JobSource {
  readonly title = "memory";
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(end: JobEnd) => void>();
  readonly #takers = new Set<() => void>();
  /** Ends are told so many times. */
  tellTimes = 1;
  /** Jobs that workers have begun. */
  begun = 0;

  async submit(jobs: readonly QueuedJob[], onEnd: (end: JobEnd) => void): Promise<Submission> {
    this.#listeners.add(onEnd);
    for (const job of jobs) {
      const known = this.#entries.get(job.id);
      if (known?.end?.status === "done") onEnd(known.end);
      else if (known?.state !== "active") this.#entries.set(job.id, { job, state: "waiting" });
    }
    this.#wake();
    return {
      close: async (results) => {
        this.#listeners.delete(onEnd);
        for (const { id } of jobs) {
          const state = this.#entries.get(id)?.state;
          if (state === "waiting" || (state === "done" && results === "drop")) this.#entries.delete(id);
        }
      },
    };
  }

  async workers(): Promise<number> {
    return this.#takers.size;
  }

  async work(handler: JobHandler, { concurrency }: { readonly concurrency: number }): Promise<MemoryWorker> {
    const stop = new AbortController();
    const held = new Set<Entry>();
    let isLost = false;
    const running = new Set<Promise<void>>();
    const finish = (entry: Entry, end: JobEnd): void => {
      if (entry.end !== undefined && !isLost) return;
      [entry.state, entry.end] = [end.status, entry.end ?? end];
      for (let i = 0; i < this.tellTimes; i++) for (const listener of this.#listeners) listener(end);
    };
    const run = async (entry: Entry): Promise<void> => {
      const { job } = entry;
      try {
        finish(entry, { id: job.id, status: "done", result: await handler(job, stop.signal) });
      } catch (error) {
        if (stop.signal.aborted) entry.state = "waiting";
        else finish(entry, { id: job.id, status: "failed", reason: (error as Error).message });
      }
      held.delete(entry);
    };
    const take = (): void => {
      if (isLost || stop.signal.aborted) return;
      for (const entry of this.#entries.values()) {
        if (held.size >= concurrency) return;
        if (entry.state !== "waiting") continue;
        entry.state = "active";
        this.begun++;
        held.add(entry);
        const work: Promise<void> = run(entry).then(() => {
          running.delete(work);
          take();
        });
        running.add(work);
      }
    };
    this.#takers.add(take);
    take();
    return {
      lose: () => {
        isLost = true;
        this.#takers.delete(take);
        for (const entry of held) if (entry.state === "active") entry.state = "waiting";
        this.#wake();
      },
      close: async () => {
        stop.abort(new DOMException("the worker ends", "AbortError"));
        this.#takers.delete(take);
        await Promise.all(running);
        this.#wake();
      },
    };
  }

  async close(): Promise<void> {}

  #wake(): void {
    for (const take of this.#takers) take();
  }
}

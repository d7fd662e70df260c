/** A job: its id, by which equal ones are one, and its text. */
export interface QueuedJob {
  readonly id: string;
  readonly text: string;
}

/** End of a job. */
export type JobEnd =
  | { readonly id: string; readonly status: "done"; readonly result: string }
  | { readonly id: string; readonly status: "failed"; readonly reason: string };

/** Jobs that were handed out together. */
export interface Submission {
  /**
   * Takes back what nobody has begun.
   *
   * @param results - `keep` leaves those that are done, for whoever hands out the same jobs again; `drop` frees their place
   */
  close(results: "keep" | "drop"): Promise<void>;
}

/**
 * A queue from the side of whoever hands out jobs. Jobs are done at least once: one whose worker is lost is given to another, and so an end
 * may be told twice.
 */
export interface JobQueue {
  /** Names the queue for people. */
  readonly title: string;
  /** Hands out jobs. Of one whose id is there already, the result is taken, or it is waited for. */
  submit(jobs: readonly QueuedJob[], onEnd: (end: JobEnd) => void): Promise<Submission>;
  /** Number of workers that take jobs now. */
  workers(): Promise<number>;
  close(): Promise<void>;
}

/** Does a job; its text is that of the result. A rejection lets the queue try again, some times. */
export type JobHandler = (job: QueuedJob, signal: AbortSignal) => Promise<string>;

/** Settings of a worker. */
export interface WorkOptions {
  /** Jobs at once. */
  readonly concurrency: number;
  /** Hears of each job that was done. */
  readonly onDone?: (id: string) => void;
  /** Hears of what a person would want to know. */
  readonly say?: (text: string) => void;
}

/** A queue from the side of a worker. */
export interface JobSource {
  readonly title: string;
  /** Takes jobs until it is closed, which gives back what is not done yet. */
  work(handler: JobHandler, options: WorkOptions): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

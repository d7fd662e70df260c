import type { FromWorker, RunRequest, WorkerSetup } from "./messages.js";

/** Events that a thread tells its slot of. */
export interface ThreadEvents {
  message(message: FromWorker): void;
  error(reason: string): void;
  /** It is gone, by itself or because it was ended. */
  exit(): void;
}

/** A thread that runs an executor: Node's or a browser's. */
export interface SlotThread {
  /** Id of the run it is at; 0 between runs. */
  readonly current: number;
  /** True when `current` is known at once, and not only after messages were read. */
  readonly isLive: boolean;
  /** Output of the current run so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  post(requests: readonly RunRequest[]): void;
  terminate(): Promise<unknown>;
  /** Keeps the process alive for it; does nothing in a browser. */
  ref(): void;
  unref(): void;
}

/** Starts a thread. */
export type StartThread = (setup: WorkerSetup, events: ThreadEvents) => SlotThread;

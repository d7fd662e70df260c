import { onAbort } from "./on-abort.js";

/** Time as the client sees it; tests bring one that they move by hand. */
export interface ClientTimer {
  /** Milliseconds from any beginning. */
  now(): number;
  /**
   * Calls back after a while; what it returns forgets that.
   *
   * @param isBackground - true: a process with nothing else to do need not wait for it.
   */
  after(ms: number, work: () => void, isBackground?: boolean): () => void;
}

/** The clock of the machine. */
export const systemTimer: ClientTimer = {
  now: () => performance.now(),
  after(ms, work, isBackground = false) {
    const handle = setTimeout(work, ms);
    if (isBackground && typeof handle === "object") handle.unref();
    return () => clearTimeout(handle);
  },
};

/** Waits; an abort ends it with its reason. */
export function sleep(timer: ClientTimer, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const forget = onAbort(signal, () => {
      cancel();
      forget();
      reject(signal!.reason as Error);
    });
    const cancel = timer.after(ms, () => {
      forget();
      resolve();
    });
  });
}

/** Result of a piece of work that is told to stop, by a signal of its own, when time is over or the caller aborts. */
export async function withDeadline<T>(
  timer: ClientTimer,
  { ms, signal, late }: { readonly ms: number; readonly signal?: AbortSignal | undefined; readonly late: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  let stop: (reason: Error) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = (reason) => {
      reject(reason);
      controller.abort(reason);
    };
  });
  const forget = onAbort(signal, () => stop(signal!.reason as Error));
  const cancel = timer.after(ms, () => stop(late()));
  try {
    return await Promise.race([stopped, work(controller.signal)]);
  } finally {
    cancel();
    forget();
  }
}

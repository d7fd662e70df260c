import { onAbort } from "./on-abort.js";
import type { ClientTimer } from "./timer.js";

/** Milliseconds that a request which is being sent has, once its caller has aborted. */
const LAST_MS = 10_000;

/** Work that is not torn off by an abort. */
export interface Abandonable<T> {
  readonly work: Promise<T>;
  /** Called when the caller aborts before it has ended. */
  readonly abandon: () => void;
}

/**
 * The result of a piece of work, or the reason of the caller's abort as soon as it comes. The work itself goes on for a while, and is told to
 * end by the signal that it was begun with.
 */
export async function unlessAborted<T>(
  timer: ClientTimer,
  signal: AbortSignal | undefined,
  begin: (late: AbortSignal) => Abandonable<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const late = new AbortController();
  const { work, abandon } = begin(late.signal);
  let forget: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => {
      reject(signal!.reason as Error);
      const cancel = timer.after(LAST_MS, () => late.abort(signal!.reason), true);
      work.then(cancel, cancel);
      abandon();
    });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}

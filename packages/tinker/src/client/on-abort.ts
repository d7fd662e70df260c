/** Callbacks by signal: a run has one signal and hundreds of requests, and a signal warns of more than a few listeners. */
const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal aborts, by one listener a signal.
 *
 * @returns what forgets the callback.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  const own = callbacks.get(signal) ?? listened(signal);
  own.add(callback);
  return () => void own.delete(callback);
}

function listened(signal: AbortSignal): Set<() => void> {
  const own = new Set<() => void>();
  callbacks.set(signal, own);
  signal.addEventListener("abort", () => own.forEach((callback) => callback()), { once: true });
  return own;
}

/**
 * Works through a list with several workers, in order. After a failure or an interruption nothing new is begun; what is underway is
 * told to stop and awaited.
 *
 * @param work - does one item; its signal is aborted with the queue's, or when another item failed.
 */
export async function runQueue<T>(
  items: readonly T[],
  workers: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const errors: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && !stop.aborted) {
      try {
        await work(items[next++]!, stop);
      } catch (error) {
        errors.push(error);
        failure.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
  signal.throwIfAborted();
}

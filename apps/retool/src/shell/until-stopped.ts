/** Waits for Ctrl-C or SIGTERM, by which a server is told to end. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
  const terminated = new AbortController();
  const terminate = (): void => terminated.abort();
  process.once("SIGTERM", terminate);
  try {
    const stop = AbortSignal.any([signal, terminated.signal]);
    if (!stop.aborted) await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  } finally {
    process.off("SIGTERM", terminate);
  }
}

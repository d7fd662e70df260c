import { AsyncLocalStorage } from "node:async_hooks";

const strays = new AsyncLocalStorage<(error: unknown) => void>();
const EVENTS = ["uncaughtException", "unhandledRejection"] as const;
let ours: ((error: unknown) => void) | undefined;

/**
 * Runs code that is not ours. What it leaves running and nobody waits for may fail later: that is told to `onStray` and does not end the
 * process of the command line, as a fault of our own does.
 */
export function withStrays<T>(onStray: (error: unknown) => void, work: () => T): T {
  if (ours !== undefined) dropListenersBut(ours);
  return strays.run(onStray, work);
}

/** Hands errors that nobody caught to whom their code belongs, and those of our own to `end`. */
export function endOnFaults(end: (error: unknown) => void): void {
  const listener = (error: unknown): void => {
    const onStray = strays.getStore();
    if (onStray === undefined) end(error);
    else onStray(error);
  };
  ours = listener;
  for (const event of EVENTS) process.on(event, listener);
}

/** Emscripten, which TensorFlow.js's WebAssembly is built with, listens as well and throws each error again. */
function dropListenersBut(kept: (error: unknown) => void): void {
  for (const event of EVENTS) {
    for (const listener of process.listeners(event as "uncaughtException")) if (listener !== kept) process.off(event, listener);
  }
}

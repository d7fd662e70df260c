import type { TinkerClient } from "./tinker-client.js";

/** The part of `process` that signals come through. */
export interface SignalSource {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
  listenerCount(signal: string): number;
  kill(pid: number, signal: string): unknown;
  readonly pid: number;
}

/**
 * Closes a client when the process is told to end, so that its models give their places free. Where somebody else listens to the signal as
 * well, ending is left to them; else the process ends by it afterwards.
 *
 * @returns what undoes it.
 */
export function unloadOnSignals(client: Pick<TinkerClient, "close">, source: SignalSource, signals = ["SIGINT", "SIGTERM"]): () => void {
  const listeners = signals.map((signal) => {
    const others = source.listenerCount(signal); // one that listens once is gone when it is called
    const listener = () => {
      const isAlone = others === 0 && source.listenerCount(signal) === 1;
      undo();
      void client.close().finally(() => {
        if (isAlone) source.kill(source.pid, signal);
      });
    };
    source.on(signal, listener);
    return [signal, listener] as const;
  });
  const undo = () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
  return undo;
}

import type { FromWorker } from "../pool/messages.js";
import type { StartThread } from "../pool/slot-thread.js";

/** Messages of a browser's worker, those of every worker and more: without shared memory, progress goes by message. */
export type BrowserMessage =
  | FromWorker
  | { readonly type: "begin"; readonly id: number }
  | { readonly type: "append"; readonly stream: "out" | "err"; readonly text: string };

/** The parts of a browser's `Worker` that are used; Node's declarations have none. */
interface WebWorker {
  onmessage: ((event: { readonly data: BrowserMessage }) => void) | null;
  onerror: ((event: { readonly message?: string; preventDefault(): void }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

const { Worker: WebWorkerClass } = globalThis as unknown as { readonly Worker: new (address: string) => WebWorker };

/** Web Workers that run `source`. */
export function browserThreads(source: string): StartThread {
  return (setup, events) => {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new WebWorkerClass(address);
    const said = { current: 0, out: "", err: "" };
    let isGone = false;
    const end = (): void => {
      if (isGone) return;
      isGone = true;
      worker.terminate();
      URL.revokeObjectURL(address);
      queueMicrotask(() => events.exit()); // after whoever ended it has noted why
    };
    worker.onmessage = ({ data: message }) => {
      if (isGone) return;
      switch (message.type) {
        case "begin":
          Object.assign(said, { current: message.id, out: "", err: "" });
          return;
        case "append":
          said[message.stream] += message.text;
          return;
        case "ready":
        case "failed":
        case "replies":
          events.message(message);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      events.error(event.message ?? "the worker failed");
      end();
    };
    worker.postMessage(setup);
    return {
      get current() {
        return said.current;
      },
      isLive: false,
      output: () => ({ stdout: said.out, stderr: said.err }),
      post: (requests) => worker.postMessage(requests),
      terminate: async () => end(),
      ref: () => undefined,
      unref: () => undefined,
    };
  };
}

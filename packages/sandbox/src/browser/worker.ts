/** The script of a Web Worker: its first message is the setup, each later one a list of requests. */
import { Executor } from "../engine/executor.js";
import { useUtc } from "../engine/utc.js";
import { transferOf, type ToWorker, type WorkerSetup } from "../pool/messages.js";
import type { BrowserMessage } from "./browser-thread.js";

interface WorkerScope {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: BrowserMessage, transfer?: readonly ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const send = (message: BrowserMessage): void => scope.postMessage(message, message.type === "replies" ? transferOf(message.replies) : []);

scope.onmessage = ({ data }) => {
  useUtc();
  const executor = new Executor(data as WorkerSetup, {
    begin: (id) => send({ type: "begin", id }),
    end: () => send({ type: "begin", id: 0 }),
    append: (stream, text) => send({ type: "append", stream, text }),
  });
  let work = executor.start().then(
    (base) => send({ type: "ready", base }),
    (error: unknown) => send({ type: "failed", reason: error instanceof Error ? error.message : String(error) }),
  );
  scope.onmessage = ({ data: requests }) => {
    work = work.then(() => runAll(executor, requests as ToWorker));
  };
};

async function runAll(executor: Executor, requests: ToWorker): Promise<void> {
  for (const request of requests) send({ type: "replies", replies: [await executor.run(request)] });
}

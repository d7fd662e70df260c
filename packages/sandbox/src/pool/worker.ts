/** The file a worker thread runs: takes lists of requests, answers in small groups. */
import { parentPort, workerData } from "node:worker_threads";
import { Executor } from "../engine/executor.js";
import { useUtc } from "../engine/utc.js";
import { Progress } from "./progress.js";
import { transferOf, type FromWorker, type RunReply, type ToWorker, type NodeWorkerSetup } from "./messages.js";

/** Milliseconds of work after which finished replies are sent, so that a kill loses little. */
const FLUSH_MS = 16;

useUtc();
const { progress, ...setup } = workerData as NodeWorkerSetup;
const port = parentPort!;
const executor = new Executor(setup, new Progress(progress));
const send = (message: FromWorker): void => port.postMessage(message, message.type === "replies" ? transferOf(message.replies) : []);

let work = executor.start().then(
  (base) => send({ type: "ready", base }),
  (error: unknown) => send({ type: "failed", reason: error instanceof Error ? error.message : String(error) }),
);
port.on("message", (requests: ToWorker) => {
  work = work.then(() => runAll(requests));
});

async function runAll(requests: ToWorker): Promise<void> {
  let replies: RunReply[] = [];
  let sentMs = performance.now();
  for (const request of requests) {
    replies.push(await executor.run(request));
    if (performance.now() - sentMs < FLUSH_MS) continue;
    send({ type: "replies", replies });
    replies = [];
    sentMs = performance.now();
  }
  if (replies.length > 0) send({ type: "replies", replies });
}

/**
 * The file of the supervisor's thread: it owns the workers and their deadlines, so that a run is killed on time and the
 * next begins while the caller's thread computes.
 */
import { parentPort, workerData } from "node:worker_threads";
import { transferOf, type FromSupervisor, type RunReply, type SupervisorSetup, type ToSupervisor } from "./messages.js";
import { nodeThreads } from "./node-thread.js";
import { Tally } from "./tally.js";
import { WorkerPool } from "./worker-pool.js";

const port = parentPort!;
const { workers, worker, tally, ...setup } = workerData as SupervisorSetup;
const need = (id: number): void => send({ type: "need", id });
const pool = new WorkerPool(workers, nodeThreads(new URL(worker)), setup, need, new Tally(tally));
const send = (message: FromSupervisor): void => port.postMessage(message, message.type === "replies" ? transferOf(message.replies) : []);

/** Replies of one turn of the event loop, which go in one message. */
let outbox: RunReply[] = [];

function flush(): void {
  send({ type: "replies", replies: outbox });
  outbox = [];
}

port.on("message", (message: ToSupervisor) => {
  if (message.type === "abort") return pool.abort(message.id);
  if (message.type === "supply") return pool.supply(message.id, message.parts);
  for (const request of message.requests) {
    void pool.submit(request).then((reply) => {
      outbox.push(reply);
      if (outbox.length === 1) setImmediate(flush);
    });
  }
});

pool.start().then(
  (base) => send({ type: "ready", base }),
  (error: unknown) => send({ type: "failed", reason: error instanceof Error ? error.message : String(error) }),
);

import { Worker } from "node:worker_threads";
import type { FromWorker, NodeWorkerSetup } from "./messages.js";
import { Progress } from "./progress.js";
import type { StartThread } from "./slot-thread.js";

/** Worker heap for parsing and replies, in MiB; worlds live outside it. */
const RESOURCE_LIMITS = { stackSizeMb: 16, maxOldGenerationSizeMb: 256 };

/** Worker threads of Node that run `file`, and say what they are at through shared memory. */
export function nodeThreads(file: URL): StartThread {
  return (setup, events) => {
    const progress = Progress.allocate(setup.limits.outputChars);
    const workerData: NodeWorkerSetup = { ...setup, progress: progress.buffer };
    const worker = new Worker(file, { workerData, resourceLimits: RESOURCE_LIMITS, env: {}, execArgv: [], stdin: false });
    worker.on("message", (message: FromWorker) => events.message(message));
    worker.on("error", (error: Error) => events.error(error.message));
    worker.on("exit", () => events.exit());
    return {
      get current() {
        return progress.current;
      },
      isLive: true,
      output: () => progress.output(),
      post: (requests) => worker.postMessage(requests),
      terminate: () => worker.terminate(),
      ref: () => worker.ref(),
      unref: () => worker.unref(),
    };
  };
}

import { Worker } from "node:worker_threads";

/** A supervisor's message when it cannot begin. */
interface Failed {
  readonly type: "failed";
  readonly reason: string;
}

/** Listeners to a supervisor's thread. */
export interface SupervisorEvents<Message> {
  message(message: Exclude<Message, Failed>): void;
  /** The thread is gone. @param reason - its failure, as far as it said one. */
  exit(reason: string): void;
}

/** Starts a supervisor in a thread without the caller's environment, arguments or stdin. One that fails is ended. */
export function startSupervisor<Message extends { readonly type: string }>(
  file: URL,
  workerData: object,
  { message, exit }: SupervisorEvents<Message>,
): Worker {
  const thread = new Worker(file, { workerData, env: {}, execArgv: [], stdin: false });
  let reason = "the supervisor ended";
  thread.on("error", (error: Error) => (reason = error.message));
  thread.on("exit", () => exit(reason));
  thread.on("message", (said: Message | Failed) => {
    if (!isFailed(said)) return message(said as Exclude<Message, Failed>);
    reason = said.reason;
    void thread.terminate();
  });
  return thread;
}

function isFailed(message: { readonly type: string }): message is Failed {
  return message.type === "failed";
}

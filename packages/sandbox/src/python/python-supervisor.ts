/** The file of the supervisor's thread: it owns the interpreters' processes and their deadlines. */
import { parentPort, workerData } from "node:worker_threads";
import { Tally } from "../pool/tally.js";
import { InterpreterPool } from "./interpreter-pool.js";
import type { FromPythonSupervisor, PythonSetup, ToPythonSupervisor } from "./messages.js";

const port = parentPort!;
const { backend, workers, memoryBytes, tally } = workerData as PythonSetup;
const pool = new InterpreterPool(backend, workers, memoryBytes, new Tally(tally));
const send = (message: FromPythonSupervisor): void => port.postMessage(message);

port.on("message", (message: ToPythonSupervisor) => {
  switch (message.type) {
    case "submit":
      void pool.submit(message.request).then((reply) => send({ type: "reply", reply }));
      return;
    case "abort":
      return pool.abort(message.id);
    case "forget":
      return pool.forget(message.world);
    case "close":
      pool.close();
      send({ type: "closed" });
  }
});

pool.start().then(
  (pid) => send({ type: "ready", pid }),
  (error: unknown) => send({ type: "failed", reason: error instanceof Error ? error.message : String(error) }),
);

import { randomUUID } from "node:crypto";
import { ABORTED } from "../feedback.js";
import type { Outcome } from "../pool/messages.js";
import type { Tally } from "../pool/tally.js";
import type { PythonBackend } from "./backend.js";
import { Interpreter, type CellEnd } from "./interpreter.js";
import type { PythonReply, PythonRequest } from "./messages.js";
import { infraOutcome, outcomeOf } from "./outcome.js";

/** Times a run is tried before a fault that is not its doing is reported. */
const MAX_ATTEMPTS = 2;

interface Task {
  readonly request: PythonRequest;
  /** True when the clock has ended it once, or its processor time was used up, which another try would not change. */
  isLate: boolean;
  interpreter: Interpreter | undefined;
  isAborted: boolean;
  settle(outcome: Outcome): void;
}

interface Held {
  readonly interpreter: Interpreter;
  readonly cells: number;
}

/** Processes of one backend, and the queue before them. Sessions that are not running may lose theirs, and are run again. */
export class InterpreterPool {
  readonly #backend: PythonBackend;
  readonly #workers: number;
  readonly #memoryBytes: number;
  readonly #tally: Tally;
  readonly #queue: Task[] = [];
  /** Runs that the clock ended, to be tried while no other runs. */
  readonly #late: Task[] = [];
  #isAlone = false;
  readonly #tasks = new Map<number, Task>();
  readonly #held = new Map<number, Held>();
  /** All that may be alive, those among them that are still starting for a run. */
  #processes: Interpreter[] = [];
  #spare: Interpreter[] = [];
  #running = 0;
  #isClosed = false;

  constructor(backend: PythonBackend, workers: number, memoryBytes: number, tally: Tally) {
    this.#backend = backend;
    this.#workers = workers;
    this.#memoryBytes = memoryBytes;
    this.#tally = tally;
  }

  /** Starts the first process; gives its id. */
  async start(): Promise<number> {
    const first = this.#spawn(this.#memoryBytes);
    this.#spare.push(first);
    await first.ready;
    return first.pid ?? 0;
  }

  /** Queues a run. Never rejects. */
  submit(request: PythonRequest): Promise<PythonReply> {
    return new Promise((resolve) => {
      const { id } = request;
      const settle = (outcome: Outcome): void => {
        if (!this.#tasks.delete(id)) return;
        this.#tally.addAnswered();
        resolve({ id, outcome });
      };
      const task: Task = { request, isLate: false, interpreter: undefined, isAborted: false, settle };
      this.#tasks.set(id, task);
      this.#queue.push(task);
      this.#dispatch();
    });
  }

  /** Ends a run at once, whether it waits or runs. */
  abort(id: number): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    task.isAborted = true;
    task.interpreter?.kill("aborted");
    task.settle(infraOutcome("killed", ABORTED));
  }

  /** A session was closed: its process may hold another world. */
  forget(world: number): void {
    const held = this.#held.get(world);
    this.#held.delete(world);
    if (held !== undefined) this.#release(held.interpreter, this.#backend.name === "pyodide");
  }

  close(): void {
    this.#isClosed = true;
    for (const task of this.#tasks.values()) task.settle(infraOutcome("infra", "the sandbox was closed"));
    for (const interpreter of this.#processes) interpreter.stop();
  }

  #dispatch(): void {
    for (let task = this.#next(); task !== undefined; task = this.#next()) {
      if (task.isAborted) continue;
      this.#isAlone = task.isLate;
      this.#running++;
      this.#tally.running = this.#running;
      void this.#execute(task).then((outcome) => {
        this.#running--;
        this.#tally.running = this.#running;
        this.#isAlone = false;
        if (outcome.status === "timeout" && task.request.rerun && !task.isLate && !this.#isClosed) {
          task.isLate = true;
          this.#late.push(task);
        } else task.settle(outcome);
        this.#dispatch();
      });
    }
  }

  /** The run to begin now: a late one as soon as all that runs has ended, and beside that no other. */
  #next(): Task | undefined {
    if (this.#isClosed || this.#isAlone || this.#running >= this.#workers) return undefined;
    if (this.#late.length === 0) return this.#queue.shift();
    return this.#running > 0 ? undefined : this.#late.shift();
  }

  async #execute(task: Task): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(task).catch((error: unknown) =>
        infraOutcome("infra", error instanceof Error ? error.message : String(error)),
      );
      if (outcome.status !== "infra" || attempt >= MAX_ATTEMPTS || task.isAborted || this.#isClosed) return outcome;
      for (const interpreter of this.#spare.splice(0)) interpreter.stop(); // what ended the one may have ended the others
    }
  }

  async #attempt(task: Task): Promise<Outcome> {
    const { request } = task;
    const { interpreter, cells } = await this.#take(request);
    if (task.isAborted) {
      this.#release(interpreter, cells === 0); // while it was starting: nothing has run in it
      return infraOutcome("killed", ABORTED);
    }
    task.interpreter = interpreter;
    try {
      for (const [index, { code, limits }] of request.past.entries()) {
        if (index < cells) continue;
        const { how } = await this.#run(interpreter, { ...request, code, limits, cell: index + 1 }, index === 0);
        const isKept = how.type === "answered" && (how.answer.report.kind === "ok" || how.answer.report.kind === "error");
        if (!isKept)
          return this.#failed(
            interpreter,
            task.isAborted ? ABORTED : "an earlier cell of the session ended otherwise when it was run again",
          );
      }
      const end = await this.#run(interpreter, request, request.past.length === 0);
      const outcome = outcomeOf(end, request.limits);
      if (end.how.type === "answered" && end.how.answer.report.kind === "cpu") task.isLate = true;
      // Under CPython nothing could put a process back that has run code.
      const isReusable = this.#backend.name === "pyodide" && end.how.type === "answered" && end.how.answer.isReusable;
      if (request.world !== 0 && (outcome.status === "ok" || outcome.status === "error") && interpreter.isAlive) {
        this.#held.set(request.world, { interpreter, cells: request.past.length + 1 });
      } else this.#release(interpreter, isReusable);
      return outcome;
    } finally {
      task.interpreter = undefined;
    }
  }

  #failed(interpreter: Interpreter, reason: string): Outcome {
    this.#release(interpreter, false);
    return reason === ABORTED ? infraOutcome("killed", ABORTED) : infraOutcome("infra", reason);
  }

  #run(
    interpreter: Interpreter,
    { code, cell, limits, seed }: Pick<PythonRequest, "code" | "cell" | "limits" | "seed">,
    isFirst: boolean,
  ): Promise<CellEnd> {
    const { fuel, wallMs, memoryBytes, outputChars } = limits;
    const request = { nonce: randomUUID(), code, cell, seed: isFirst ? seed : null, limits: { fuel, wallMs, memoryBytes, outputChars } };
    return interpreter.run(request, wallMs + limits.graceMs);
  }

  /** The process that holds the session as it is, or one in which a world can begin. */
  async #take({ world, past, limits }: PythonRequest): Promise<Held> {
    const held = this.#held.get(world);
    this.#held.delete(world);
    const fits = (interpreter: Interpreter): boolean =>
      interpreter.isAlive && (this.#backend.name === "pyodide" || interpreter.memoryBytes === limits.memoryBytes);
    if (held !== undefined) {
      if (held.cells === past.length && fits(held.interpreter)) return held;
      this.#release(held.interpreter, false);
    }
    const at = this.#spare.findIndex(fits);
    const interpreter = at >= 0 ? this.#spare.splice(at, 1)[0]! : this.#evicted(limits.memoryBytes);
    this.#restock();
    await interpreter.ready;
    return { interpreter, cells: 0 };
  }

  /** A new process, in the place of the session that has rested longest when there are many. */
  #evicted(memoryBytes: number): Interpreter {
    if (this.#held.size > 2 * this.#workers) {
      const [world, { interpreter }] = this.#held.entries().next().value!;
      this.#held.delete(world);
      if (this.#backend.name === "pyodide" && interpreter.isAlive) return interpreter;
      interpreter.stop();
    }
    return this.#spawn(memoryBytes);
  }

  #release(interpreter: Interpreter, isReusable: boolean): void {
    if (isReusable && interpreter.isAlive && !this.#isClosed && this.#spare.length <= this.#workers) this.#spare.push(interpreter);
    else {
      interpreter.stop();
      this.#tally.addRestart();
      this.#restock();
    }
  }

  /** Keeps one process warm, while they are not too many. */
  #restock(): void {
    this.#spare = this.#spare.filter(({ isAlive }) => isAlive);
    const count = this.#held.size + this.#running;
    if (this.#spare.length === 0 && count <= 2 * this.#workers && !this.#isClosed) this.#spare.push(this.#spawn(this.#memoryBytes));
  }

  #spawn(memoryBytes: number): Interpreter {
    const { launch } = this.#backend;
    const isFixed = this.#backend.name === "bwrap";
    const interpreter = new Interpreter(
      isFixed ? { ...launch, setup: JSON.stringify({ ...(JSON.parse(launch.setup) as object), memoryBytes }) } : launch,
      memoryBytes,
    );
    this.#processes = [...this.#processes.filter(({ isAlive }) => isAlive), interpreter];
    return interpreter;
  }
}

import type { WasmExports } from "./kernels.generated.js";
import { KERNEL_WORKER, PLACES } from "./kernel-worker.js";

/** Most parts of one kernel's work. */
const MOST_PARTS = 64;
/** Most arguments of a kernel. */
const MOST_ARGUMENTS = 24;
/** Looks for the end of the other threads' parts before this thread sleeps. */
const LOOKS = 4_000;
/** A thread that sleeps looks again after this long, should a call to wake it be lost. */
const SLEEP_MS = 50;

/** A thread that runs a program, until it is stopped. */
export interface RunningThread {
  stop(): void;
}

/** Starts a thread on a program in JavaScript, which finds `data` as a constant of that name. It must not keep the process alive. */
export type StartThread = (program: string, data: object) => RunningThread;

/** Name of a kernel in the WebAssembly. */
export type KernelName = Exclude<keyof WasmExports, "sumOfSquares">;

/** Scratch memory of kernels that run side by side: each thread has its own piece, one after the other. */
export interface ThreadScratch {
  /** Which argument it is. */
  readonly place: number;
  /** Of each thread. */
  readonly floats: number;
}

/**
 * Threads that share the memory of the WebAssembly and take parts of a kernel's work. This thread takes parts as well and waits for what the
 * others have taken, so that work gets done when none of them runs. What a part computes does not depend on who computes it.
 */
export class KernelThreads {
  readonly #module: WasmExports;
  readonly #names: readonly KernelName[];
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * Object.keys(PLACES).length));
  readonly #numbers = new Float64Array(new SharedArrayBuffer(8 * MOST_PARTS * MOST_ARGUMENTS));
  readonly #threads: RunningThread[] = [];
  #work = 0;

  /** @param module - of this thread, which works in the memory */
  constructor(module: WasmExports, binary: WebAssembly.Module, memory: WebAssembly.Memory, count: number, start: StartThread) {
    this.#module = module;
    this.#names = Object.entries(module).flatMap(([name, value]) => (typeof value === "function" ? [name as KernelName] : []));
    const data = { memory, module: binary, names: this.#names, control: this.#control, numbers: this.#numbers };
    for (let thread = 1; thread < count; thread++) this.#threads.push(start(KERNEL_WORKER, { ...data, thread }));
  }

  /** Threads, this one included. */
  get count(): number {
    return this.#threads.length + 1;
  }

  /** Computes parts of a kernel's work, each with arguments of its own, and returns when all are done. */
  run(kernel: KernelName, parts: readonly (readonly number[])[], scratch?: ThreadScratch): void {
    const control = this.#control;
    const count = parts[0]!.length;
    parts.forEach((args, part) => this.#numbers.set(args, part * count));
    control[PLACES.done] = 0;
    control[PLACES.kernel] = this.#names.indexOf(kernel);
    control[PLACES.count] = count;
    control[PLACES.scratch] = scratch?.place ?? -1;
    control[PLACES.scratchFloats] = scratch?.floats ?? 0;
    this.#work = (this.#work + 1) % 2 ** 22;
    Atomics.store(control, PLACES.ticket, this.#work * 256 + parts.length);
    Atomics.notify(control, PLACES.ticket);

    const own = this.#module[kernel] as (...args: readonly number[]) => void;
    for (let ticket = Atomics.load(control, PLACES.ticket); (ticket & 255) > 0; ticket = Atomics.load(control, PLACES.ticket)) {
      if (Atomics.compareExchange(control, PLACES.ticket, ticket, ticket - 1) !== ticket) continue;
      own(...parts[(ticket & 255) - 1]!);
      Atomics.add(control, PLACES.done, 1);
    }
    this.#wait(parts.length);
    if (Atomics.exchange(control, PLACES.failed, 0) === 1) throw new Error(`${kernel} failed in another thread`);
  }

  /** Stops the threads. */
  stop(): void {
    for (const thread of this.#threads.splice(0)) thread.stop();
  }

  #wait(parts: number): void {
    for (let look = 0; ; look++) {
      const done = Atomics.load(this.#control, PLACES.done);
      if (done >= parts) return;
      if (look > LOOKS) Atomics.wait(this.#control, PLACES.done, done, SLEEP_MS);
    }
  }
}

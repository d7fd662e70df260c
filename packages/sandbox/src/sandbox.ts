import type { PreloadName } from "./libraries.js";
import type { Limits } from "./limits.js";

/** Resources that a run used. `wallMs` is the only part of a result that differs between equal runs. */
export interface Usage {
  /** Interrupt ticks, as in {@link Limits.fuel}. */
  readonly fuel: number;
  /** Milliseconds. */
  readonly wallMs: number;
  /** Bytes of linear memory at the end; the engine alone has 16 MiB. 0 when the worker did not live to say. */
  readonly memoryBytes: number;
}

/** An error that model code threw, or why its code could not be run. */
export interface GuestError {
  /** Such as `TypeError`; `Uncaught` for a thrown value that is not an error. */
  readonly name: string;
  readonly message: string;
  /** Line of the code that was run, from 1. */
  readonly line?: number;
  /** Column in that line, from 1. */
  readonly column?: number;
  /** Python's own text for it, with the frames of the cells only. */
  readonly traceback?: string;
}

/** Fields of every {@link ExecutionResult}. */
export interface ExecutionReport {
  readonly stdout: string;
  readonly stderr: string;
  /** True when stdout, stderr or value were cut. */
  readonly truncated: boolean;
  readonly usage: Usage;
  /** The text for the model, raw: see {@link escapeTags}. No times, no paths, equal for equal runs. */
  readonly feedback: string;
}

/**
 * The end of a run. All of it is data: model code that throws, loops or floods never makes a call reject.
 *
 * - `ok`: `value` is the last expression as a REPL shows it, absent when undefined.
 * - `error`: the code threw, or cannot be parsed or is too long.
 * - `fuel`, `oom`, `stack`, `output`: a counted limit was met, at the same point on every machine.
 * - `timeout`: the clock ended the run, softly or with its worker, and did so again when the run was tried alone. That depends on the
 *   machine and its load: never score it.
 * - `killed`: the caller aborted the run, or the code ended its own interpreter; `reason` says which.
 * - `infra`: not the code's doing; never score it.
 */
export type ExecutionResult =
  | (ExecutionReport & { readonly status: "ok"; readonly value?: string })
  | (ExecutionReport & { readonly status: "error"; readonly error: GuestError })
  | (ExecutionReport & { readonly status: "fuel" | "timeout" | "oom" | "stack" | "output" })
  | (ExecutionReport & { readonly status: "killed" | "infra"; readonly reason: string });

/** The words of {@link ExecutionResult}'s `status`. */
export type ExecutionStatus = ExecutionResult["status"];

/** Options of one stateless run. */
export interface RunOptions {
  /** Laid over the sandbox's own. */
  readonly limits?: Partial<Limits>;
  /** Seed of `Math.random`; the sandbox's own when absent. */
  readonly seed?: number;
  /** Aborting gives status `killed`. */
  readonly signal?: AbortSignal;
  /** Runs a run that the clock ended once more while no other runs, before `timeout` is its status. Default `true`. */
  readonly rerun?: boolean;
}

/** Options of {@link Sandbox.open}. */
export interface SessionOptions {
  readonly limits?: Partial<Limits>;
  /** Seed of `Math.random`. When absent: the sandbox's own, or with `from` the random numbers of the snapshot go on. */
  readonly seed?: number;
  /**
   * Begins where {@link Session.snapshot} was taken. A snapshot of another engine or prelude, and a damaged one, is
   * refused. It is an image of memory: load only what you saved yourself, never what model code or a stranger made.
   */
  readonly from?: Uint8Array;
}

/** Options of one run in a session. */
export interface TurnOptions {
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
  /** As in {@link RunOptions}. */
  readonly rerun?: boolean;
}

/** A world whose variables live from run to run. */
export interface Session {
  /**
   * Runs a cell after all earlier cells of the session. `ok` and `error` keep what the cell changed; any other status
   * rolls the world back to before it.
   */
  run(code: string, options?: TurnOptions): Promise<ExecutionResult>;
  /**
   * Makes `count` sessions that begin where this one is after all earlier cells. They share its memory until they
   * write, and its random numbers: equal cells in two forks give equal results.
   */
  fork(count: number): Promise<Session[]>;
  /** The world after all earlier cells as bytes, to be kept in a file and given to {@link Sandbox.open} in any process. */
  snapshot(): Promise<Uint8Array<ArrayBuffer>>;
  /** Forgets the world; runs that have not begun reject. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Counters since the sandbox was made. */
export interface SandboxStats {
  readonly workers: number;
  /** Runs that wait for a worker. */
  readonly queued: number;
  /** Runs handed to a worker and not yet answered. */
  readonly running: number;
  readonly openSessions: number;
  /** Workers replaced, after a kill or a fault. */
  readonly restarts: number;
  /** Finished runs by status; `timeout` counts the verdicts of the clock. */
  readonly finished: Readonly<Record<ExecutionStatus, number>>;
}

/** Runs code that nobody has read. */
export interface Sandbox {
  /** Runs code in a fresh world. */
  run(code: string, options?: RunOptions): Promise<ExecutionResult>;
  /** Runs each code in a fresh world of its own, spread over the workers; results in the order of `codes`. */
  runBatch(codes: readonly string[], options?: RunOptions): Promise<ExecutionResult[]>;
  open(options?: SessionOptions): Promise<Session>;
  stats(): SandboxStats;
  /** Stops the workers; runs that have not ended become `infra`. Calling it again is harmless. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link createSandbox}. */
export interface SandboxOptions {
  /** Threads that run code, 1 by default; more than the machine's cores less one brings nothing. */
  readonly workers?: number;
  readonly limits?: Partial<Limits>;
  /** Seed of `Math.random` in every run that names none; 0 by default. */
  readonly seed?: number;
  /** Code that is in every world before it begins: `"math"` (the default) or JavaScript of your own. */
  readonly prelude?: "math" | (string & {});
  /**
   * Libraries that are in every world before its prelude: `"fraction"` (fraction.js, as `Fraction`), `"decimal"` (decimal.js, as
   * `Decimal`), `"nerdamer"` (nerdamer-prime, as `nerdamer`; install it yourself). None by default.
   */
  readonly preload?: readonly PreloadName[];
}

import type { HeapImage } from "../engine/heap-image.js";
import type { LibrarySource } from "../libraries.js";
import type { Limits } from "../limits.js";
import type { GuestError, ExecutionReport } from "../sandbox.js";
import type { CompiledModule } from "../web-assembly.js";

type Report = Omit<ExecutionReport, "feedback">;

/** An {@link ExecutionResult} before its feedback is written. */
export type Outcome =
  | (Report & { readonly status: "ok"; readonly value?: string })
  | (Report & { readonly status: "error"; readonly error: GuestError })
  | (Report & { readonly status: "fuel" | "timeout" | "oom" | "stack" | "output" })
  | (Report & { readonly status: "killed" | "infra"; readonly reason: string });

/** One run as a worker is asked for it. */
export interface RunRequest {
  /** Unique within the sandbox, from 1 up. */
  readonly id: number;
  readonly code: string;
  readonly limits: Limits;
  /** Seed of a world that begins; undefined when the world goes on from `image`. */
  readonly seed: number | undefined;
  /** Undefined for a stateless run. */
  readonly turn: Turn | undefined;
  /** True when a run that the clock ended is run again, alone. */
  readonly rerun: boolean;
}

/** The place of a run in its session. */
export interface Turn {
  /** From 1. */
  readonly cell: number;
  /** Id of the state before the cell, which is that of the run that made it; undefined before the first. */
  readonly before: number | undefined;
  /** Number of the worker that made that state; undefined when none did. */
  readonly home: number | undefined;
  /** That state, as images each written over the one before; undefined while it is hoped that the worker has it. */
  readonly parts: readonly HeapImage[] | undefined;
}

/** A worker's answer to one {@link RunRequest}. */
export interface RunReply {
  readonly id: number;
  /** True when the status is `infra`. */
  readonly isFault: boolean;
  /** True when the status is `timeout`. */
  readonly isLate: boolean;
  /** True when the run has not begun: the worker does not know the state before it. */
  readonly isMissing: boolean;
  /** An {@link Outcome} as JSON, which crosses two threads at less cost than an object does. */
  readonly outcome: string;
  /** What a session's cell changed in its world, when the cell is kept. */
  readonly changes: HeapImage | undefined;
  /** Number of the worker that ran it, which its pool adds. */
  readonly home?: number;
}

/** The memory that replies own: posted with them it moves and is not copied. */
export function transferOf(replies: readonly RunReply[]): ArrayBuffer[] {
  return replies.flatMap(({ changes }) => (changes === undefined ? [] : [changes.bytes.buffer as ArrayBuffer]));
}

/** Data that a worker is started with. */
export interface WorkerSetup {
  readonly wasmModule: CompiledModule;
  /** See `heapEndAddress`. */
  readonly heapEndAt: number | undefined;
  readonly guestSource: string;
  readonly prelude: string;
  readonly libraries: readonly LibrarySource[];
  readonly limits: Limits;
  /** The start of every world, once a worker has made it. */
  readonly base: HeapImage | undefined;
}

/** Data that a worker thread of Node is started with. */
export interface NodeWorkerSetup extends WorkerSetup {
  /** Memory in which the worker tells of its progress; see `progress.ts`. */
  readonly progress: SharedArrayBuffer;
}

/** Pool to worker. */
export type ToWorker = readonly RunRequest[];

/** Worker to pool. */
export type FromWorker =
  | { readonly type: "ready"; readonly base: HeapImage }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "replies"; readonly replies: readonly RunReply[] };

/** Data that the supervisor is started with, its workers' included. */
export interface SupervisorSetup extends WorkerSetup {
  readonly workers: number;
  /** Address of the worker's file. */
  readonly worker: string;
  /** Memory of a `Tally`. */
  readonly tally: ArrayBufferLike;
}

/** Caller to supervisor. */
export type ToSupervisor =
  | { readonly type: "submit"; readonly requests: readonly RunRequest[] }
  | { readonly type: "abort"; readonly id: number }
  | { readonly type: "supply"; readonly id: number; readonly parts: readonly HeapImage[] };

/** Supervisor to caller. */
export type FromSupervisor =
  | FromWorker
  /** No worker knows the state before a run. */
  | { readonly type: "need"; readonly id: number };

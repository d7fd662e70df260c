import type { Limits } from "../limits.js";
import type { Outcome } from "../pool/messages.js";
import type { PythonBackend } from "./backend.js";

/** A cell whose effects are part of a session. */
export interface PastCell {
  readonly code: string;
  readonly limits: Limits;
}

/** One run as the supervisor is asked for it. */
export interface PythonRequest {
  /** Unique within the sandbox, from 1 up. */
  readonly id: number;
  /** Number of the session; 0 for a stateless run. */
  readonly world: number;
  readonly seed: number;
  /** The session's kept cells, run again when no process holds them. */
  readonly past: readonly PastCell[];
  /** Number of this cell, from 1. */
  readonly cell: number;
  readonly code: string;
  readonly limits: Limits;
  /** True when a run that the clock ended is run again. */
  readonly rerun: boolean;
}

export interface PythonReply {
  readonly id: number;
  readonly outcome: Outcome;
}

/** Data that the supervisor's thread is started with. */
export interface PythonSetup {
  readonly backend: PythonBackend;
  /** Cells that run at once. */
  readonly workers: number;
  /** Bytes that processes are started ready for. */
  readonly memoryBytes: number;
  /** Memory of a `Tally`. */
  readonly tally: ArrayBufferLike;
}

/** Caller to supervisor. */
export type ToPythonSupervisor =
  | { readonly type: "submit"; readonly request: PythonRequest }
  | { readonly type: "abort"; readonly id: number }
  | { readonly type: "forget"; readonly world: number }
  | { readonly type: "close" };

/** Supervisor to caller. */
export type FromPythonSupervisor =
  | { readonly type: "ready"; readonly pid: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "reply"; readonly reply: PythonReply }
  | { readonly type: "closed" };

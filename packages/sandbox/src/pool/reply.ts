import type { HeapImage } from "../engine/heap-image.js";
import type { Outcome, RunReply } from "./messages.js";
import type { SlotExit } from "./worker-slot.js";

/** The reply that carries an outcome, and what a session's cell changed in its world. */
export function replyOf(id: number, outcome: Outcome, changes?: HeapImage): RunReply {
  const { status } = outcome;
  return { id, isFault: status === "infra", isLate: status === "timeout", isMissing: false, outcome: JSON.stringify(outcome), changes };
}

/** The reply to a cell whose world the worker must be sent first. */
export function missingReply(id: number): RunReply {
  return { id, isFault: false, isLate: false, isMissing: true, outcome: "", changes: undefined };
}

/** The reply to a run of which nothing is known. */
export function endedReply(id: number, status: "killed" | "infra", reason: string): RunReply {
  return replyOf(id, { status, reason, stdout: "", stderr: "", truncated: false, usage: { fuel: 0, wallMs: 0, memoryBytes: 0 } });
}

/** The reply to the run over which a worker was killed at its deadline. */
export function lateReply(id: number, { ranMs, stdout, stderr }: SlotExit): RunReply {
  const usage = { fuel: 0, wallMs: ranMs, memoryBytes: 0 };
  return replyOf(id, { status: "timeout", stdout, stderr, truncated: false, usage });
}

import type { HeapImage } from "../engine/heap-image.js";
import type { Outcome, RunReply } from "./messages.js";
import type { SlotExit } from "./worker-slot.js";

/** The reply that carries an outcome, and a session's world after it. */
export function replyOf(id: number, outcome: Outcome, image?: HeapImage): RunReply {
  return { id, isFault: outcome.status === "infra", isLate: outcome.status === "timeout", outcome: JSON.stringify(outcome), image };
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

import { RetoolError } from "@retool-ts/core";
import type { TraceKind } from "./mixtures.js";
import type { GeneratedProblem } from "./task-source.js";
import { compactTraceFormat, type TraceFormat, type TraceSegment } from "./trace-format.js";
import type { CallOutcome, TracePlan } from "./trace-plan.js";

/** The interpreter's answer to one call, as the environment would show it between the result tags. */
export interface CallFeedback {
  readonly feedback: string;
  /** False for code that threw, did not parse or ran out of its budget. */
  readonly ok: boolean;
}

/** A response for supervised learning; `tool` segments carry no loss. */
export interface Trace {
  readonly problem: GeneratedProblem;
  readonly kind: TraceKind;
  readonly segments: readonly TraceSegment[];
}

/** A verified trace, or why there is none. */
export type TraceResult =
  | { readonly status: "ok"; readonly trace: Trace }
  | { readonly status: "rejected"; readonly plan: TracePlan; readonly reason: string };

/**
 * Puts the interpreter's feedback into a plan and verifies it: a call that should give the answer must print exactly
 * that, a wrong one something else, a broken one must fail. A mismatch is returned, not thrown.
 *
 * @param feedbacks - one for each of `plan.calls`, in order.
 */
export function finishTrace(plan: TracePlan, feedbacks: readonly CallFeedback[], format: TraceFormat = compactTraceFormat): TraceResult {
  const { problem, kind, calls, reasoning } = plan;
  if (feedbacks.length !== calls.length) {
    throw new RetoolError("TRACE_FEEDBACK", `feedbacks: expected ${calls.length}, one for each call, got ${feedbacks.length}`);
  }
  const segments: TraceSegment[] = [];
  for (const [i, { remark, code, outcome }] of calls.entries()) {
    const result = feedbacks[i]!;
    const reason = mismatch(outcome, result, problem.answer);
    if (reason !== undefined) return { status: "rejected", plan, reason: `${kind}, call ${i + 1}: ${reason}` };
    const written = format.writeCode?.(code) ?? code;
    segments.push({ kind: "model", text: `${remark}${format.codeOpen}${written}${format.codeClose}` });
    segments.push({ kind: "tool", text: `${format.resultOpen}${result.feedback}${format.resultClose}` });
  }
  segments.push({ kind: "model", text: `${reasoning}${format.answerOpen}${problem.answer}${format.answerClose}` });
  return { status: "ok", trace: { problem, kind, segments } };
}

function mismatch(outcome: CallOutcome, { feedback, ok }: CallFeedback, answer: string): string | undefined {
  const value = feedback.trim();
  switch (outcome) {
    case "answer":
      return ok && value === answer ? undefined : `expected ${answer}, the interpreter returned ${value}`;
    case "otherValue":
      return ok && value !== answer ? undefined : `expected a value other than ${answer}, the interpreter returned ${value}`;
    case "failure":
      return ok ? `expected an error, the interpreter returned ${value}` : undefined;
  }
}

import type { Outcome } from "./pool/messages.js";
import type { ExecutionResult, GuestError } from "./sandbox.js";

/** Reason of a run that its caller's signal ended. */
export const ABORTED = "the caller aborted the run";

interface FeedbackOptions {
  readonly outputChars: number;
  /** True when the run was a session's, so that a run that died has changed nothing. */
  readonly isTurn: boolean;
}

/** Makes the result a caller sees: the outcome with its text for the model. */
export function withFeedback(outcome: Outcome, options: FeedbackOptions): ExecutionResult {
  return { ...outcome, feedback: feedbackOf(outcome, options) };
}

/** Stdout, stderr, value, error in one line, then markers in brackets; parts that are empty are left out. */
function feedbackOf(outcome: Outcome, { outputChars, isTurn }: FeedbackOptions): string {
  const parts = [trimNewline(outcome.stdout), trimNewline(outcome.stderr)];
  if (outcome.status === "ok" && outcome.value !== undefined) parts.push(outcome.value);
  if (outcome.status === "error") parts.push(errorLine(outcome.error));
  const marker = markerOf(outcome);
  if (marker !== undefined) parts.push(marker);
  if (outcome.truncated) parts.push(`[output truncated: limit of ${outputChars} characters]`);
  if (isTurn && outcome.status !== "ok" && outcome.status !== "error") parts.push("[variables are as before this cell]");
  return parts.filter((part) => part !== "").join("\n");
}

/** One line for a run that did not end well: the error, or a marker in brackets. */
export function endingOf(outcome: Outcome): string {
  if (outcome.status === "error") return errorLine(outcome.error);
  return markerOf(outcome) ?? "[output limit]";
}

function trimNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

function errorLine({ name, message, line, traceback }: GuestError): string {
  if (traceback !== undefined) return traceback;
  const head = name === "Uncaught" ? `Uncaught ${message}` : message === "" ? name : `${name}: ${message}`;
  return line === undefined ? head : `${head} (line ${line})`;
}

function markerOf(outcome: Outcome): string | undefined {
  switch (outcome.status) {
    case "ok":
    case "error":
    case "output":
      return undefined;
    case "fuel":
      return "[timeout: fuel limit]";
    case "timeout":
      return "[timeout: time limit]";
    case "killed":
      return outcome.reason === ABORTED ? "[stopped]" : "[the code ended its interpreter]";
    case "oom":
      return "[out of memory]";
    case "stack":
      return "[stack overflow: recursion too deep]";
    case "infra":
      return "[the interpreter failed]";
  }
}

import { cutText } from "../cut-text.js";
import { ABORTED } from "../feedback.js";
import type { Limits } from "../limits.js";
import type { Outcome } from "../pool/messages.js";
import type { CellEnd } from "./interpreter.js";

/** The outcome of a run of which nothing else is known. */
export function infraOutcome(status: "infra" | "killed", reason: string): Outcome {
  return { status, reason, stdout: "", stderr: "", truncated: false, usage: { fuel: 0, wallMs: 0, memoryBytes: 0 } };
}

/** Says in the words of the sandbox how a cell ended. */
export function outcomeOf({ how, stdout, stderr, truncated, ranMs }: CellEnd, { outputChars }: Limits): Outcome {
  const usage = { fuel: 0, wallMs: ranMs, memoryBytes: 0 };
  const report = { stdout, stderr, truncated, usage };
  switch (how.type) {
    case "died":
      return { ...report, status: "infra", reason: how.reason };
    case "killed":
      return killedOutcome(how.by, report);
    case "answered":
      break;
  }
  const { report: inner, fuel, memoryBytes } = how.answer;
  const full = { ...report, usage: { fuel, wallMs: ranMs, memoryBytes } };
  if (truncated) return { ...full, status: "output" };
  switch (inner.kind) {
    case "ok": {
      if (inner.value === undefined) return { ...full, status: "ok" };
      const value = wellFormed(cutText(inner.value, Math.max(0, outputChars - stdout.length - stderr.length)));
      return { ...full, status: "ok", value, truncated: value.length < inner.value.length };
    }
    case "error": {
      const { name, message, line, column, traceback } = inner;
      const place = { ...(line == null ? {} : { line }), ...(column == null ? {} : { column }) };
      const error = { name: wellFormed(name), message: wellFormed(message), ...place };
      return {
        ...full,
        status: "error",
        error: traceback === undefined ? error : { ...error, traceback: wellFormed(traceback.trimEnd()) },
      };
    }
    case "crash":
      return { ...full, status: "infra", reason: inner.reason };
    case "died":
      return { ...full, status: "killed", reason: inner.reason };
    case "cpu":
      return { ...full, status: "timeout" };
    case "output":
      return { ...full, status: "output", truncated: true };
    case "fuel":
    case "timeout":
    case "oom":
    case "stack":
      return { ...full, status: inner.kind };
  }
}

function killedOutcome(
  by: Extract<CellEnd["how"], { type: "killed" }>["by"],
  report: Omit<Extract<Outcome, { status: "ok" }>, "status" | "value">,
): Outcome {
  switch (by) {
    case "deadline":
      return { ...report, status: "timeout" };
    case "aborted":
      return { ...report, status: "killed", reason: ABORTED };
    case "output":
      return { ...report, status: "output", truncated: true };
    case "forgery":
      return { ...report, status: "error", error: { name: "PermissionError", message: "the code meddled with its interpreter's channel" } };
  }
}

/** Puts U+FFFD in the place of lone surrogates. */
function wellFormed(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

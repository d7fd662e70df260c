import { RetoolError } from "@retool-ts/core";
import { HttpFault } from "@retool-ts/http";
import { failed, type Outcome } from "../state/outcome.js";

/** The outcome of work that failed: the user's mistakes by their message; others are the server's, which `onFault` hears of as well. */
export function faultOutcome(error: unknown, onFault: (error: unknown) => void): Outcome {
  if (error instanceof HttpFault || RetoolError.isInstance(error)) return failed(error.message);
  onFault(error);
  return failed(`the server failed: ${error instanceof Error ? error.message : String(error)}`, "server");
}

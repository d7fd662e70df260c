import { RetoolError } from "@retool-ts/core";
import { inConfigTerms } from "./config-terms.js";
import { systemFault } from "./system-fault.js";

/** Meanings of the program's exit codes. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export interface Ending {
  readonly exitCode: number;
  /** Text for stderr; empty when all has been said. */
  readonly message: string;
}

/**
 * The exit code and the one message of an error. An error named `AbortError` is the user's Ctrl-C and not a failure; thrown by a
 * command, its message says what was saved and how to go on.
 */
export function endingOf(error: unknown, { debug }: { readonly debug: boolean }): Ending {
  if (isCommanderError(error)) return { exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage, message: "" };
  if (error instanceof Error && error.name === "AbortError") {
    return { exitCode: EXIT.interrupted, message: error instanceof DOMException ? "interrupted" : error.message };
  }
  const stack = debug && error instanceof Error ? `\n${error.stack}` : "";
  if (RetoolError.isInstance(error)) {
    return { exitCode: error.code === "INPUT" ? EXIT.usage : EXIT.failed, message: `error: ${inConfigTerms(error).message}${stack}` };
  }
  const system = systemFault(error);
  if (system !== undefined) return { exitCode: EXIT.failed, message: `error: ${system}${stack}` };
  const message = error instanceof Error ? error.message || error.name : String(error);
  return { exitCode: EXIT.failed, message: `error: ${message}${debug ? stack : "\nRun again with RETOOL_DEBUG=1 for the stack."}` };
}

/** Told by its code, so that commander need not be loaded; it has printed its message already. */
function isCommanderError(error: unknown): error is { readonly exitCode: number } {
  const { code } = error instanceof Error ? (error as { readonly code?: unknown }) : {};
  return typeof code === "string" && code.startsWith("commander.");
}

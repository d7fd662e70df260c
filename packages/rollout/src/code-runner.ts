import type { ToolStatus } from "./trajectory.js";

/** The part of a sandbox that the code interpreter needs; `@retool-ts/sandbox` is one. */
export interface CodeRunner {
  run(
    code: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly status: ToolStatus; readonly feedback: string; readonly usage: { readonly fuel: number } }>;
}

/** A world that keeps its variables from run to run; a run that dies leaves it as before. */
export interface CodeSession extends CodeRunner {
  close(): Promise<void>;
}

/** The part of a sandbox that a stateful code interpreter needs. */
export interface SessionRunner extends CodeRunner {
  open(): Promise<CodeSession>;
}

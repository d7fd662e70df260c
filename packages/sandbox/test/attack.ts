import type { ExecutionStatus } from "../src/index.js";

/** One attack: code, the one way it must end, and whether it works long inside one built-in, so that it needs more memory. */
export interface Attack {
  readonly code: string;
  readonly status: ExecutionStatus;
  readonly isNative: boolean;
}

/** Attacks with one end. */
export const attacks = (status: ExecutionStatus, codes: readonly string[], isNative = false): readonly Attack[] =>
  codes.map((code) => ({ code, status, isNative }));

import type { ExecutionStatus } from "../src/index.js";

/** One attack: code, the one way it must end, and whether it never ticks, so that only the clock can end it. */
export interface Attack {
  readonly code: string;
  readonly status: ExecutionStatus;
  readonly isNative: boolean;
}

/** Attacks with one end. */
export const attacks = (status: ExecutionStatus, codes: readonly string[], isNative = false): readonly Attack[] =>
  codes.map((code) => ({ code, status, isNative }));

import type { ToolCall } from "../trajectory.js";

/** A failing call and the one that put it right, by their places among the calls of a rollout. */
export interface SelfCorrection {
  readonly failed: number;
  readonly corrected: number;
}

/** As much of a rollout as self-corrections show in. */
export interface JudgedCalls {
  /** Whether the answer was right. */
  readonly correct: boolean;
  readonly toolCalls: readonly Pick<ToolCall, "input" | "status">[];
}

/**
 * Self-corrections of a rollout: a call fails by its own doing, the next one, with other code, runs without an error, and the answer is
 * right in the end. Of several failures in a row only the last counts.
 *
 * The behaviour is that of "ReTool" (https://arxiv.org/abs/2504.11536), figure 4; the rule is this project's.
 */
export function selfCorrections({ correct, toolCalls }: JudgedCalls): SelfCorrection[] {
  if (!correct) return [];
  const cases: SelfCorrection[] = [];
  for (let call = 1; call < toolCalls.length; call++) {
    const [before, after] = [toolCalls[call - 1]!, toolCalls[call]!];
    if (failedByItself(before) && after.status === "ok" && after.input.trim() !== before.input.trim())
      cases.push({ failed: call - 1, corrected: call });
  }
  return cases;
}

/** Whether a rollout has at least one of its {@link selfCorrections}. */
export function hasSelfCorrection(rollout: JudgedCalls): boolean {
  return selfCorrections(rollout).length > 0;
}

/** A sandbox that broke down is not the code's fault. */
function failedByItself({ status }: Pick<ToolCall, "status">): boolean {
  return status !== "ok" && status !== "infra" && status !== "killed";
}

/** Limits of one rollout. What is used up first ends it. */
export interface Budgets {
  /** Tokens after the prompt, tool output included. */
  readonly maxResponseTokens: number;
  /** Tokens that the policy may write in one turn. */
  readonly maxTurnTokens: number;
  /** How often the policy may be asked to go on. A call in the last turn is not run. */
  readonly maxTurns: number;
  readonly maxToolCalls: number;
  /** Characters of a tool's output that the policy is shown; longer output is cut. */
  readonly maxToolOutputChars: number;
  /** Where longer output is cut. Default `middle`. */
  readonly toolOutputCut?: CutSide;
  /**
   * Milliseconds a rollout may take. It depends on the machine, unlike the limits above, so it is an outer guard: looked at between
   * turns, and marked by a stop reason of its own. Default: none.
   */
  readonly maxDurationMs?: number;
}

/** The side of a text that is cut away: `left` keeps the end, `right` the beginning, `middle` half of each. */
export type CutSide = "left" | "middle" | "right";

/** Room for a model of ReTool's size: 16,384 tokens and 16 turns. */
export const DEFAULT_BUDGETS: Budgets = {
  maxResponseTokens: 16_384,
  maxTurnTokens: 16_384,
  maxTurns: 16,
  maxToolCalls: 16,
  maxToolOutputChars: 1_024,
};

/** Cuts the middle out of text that is too long, counted in code points; a surrogate pair is never split. */
export function truncateMiddle(text: string, maxChars: number, marker = "...(truncated)..."): string {
  if (text.length <= maxChars) return text;
  const points = Array.from(text);
  if (points.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  return `${points.slice(0, half).join("")}${marker}${half === 0 ? "" : points.slice(-half).join("")}`;
}

/**
 * Cuts text that is too long, counted in code points, as verl does since August 2026; what is left has at most `maxChars` besides the
 * marker.
 */
export function truncateOutput(text: string, maxChars: number, side: CutSide = "middle"): string {
  if (side === "middle") return truncateMiddle(text, maxChars);
  if (text.length <= maxChars) return text;
  const points = Array.from(text);
  if (points.length <= maxChars) return text;
  switch (side) {
    case "left":
      return `(truncated)...${maxChars === 0 ? "" : points.slice(-maxChars).join("")}`;
    case "right":
      return `${points.slice(0, maxChars).join("")}...(truncated)`;
  }
}

import type { RewardPart } from "./combine.js";
import type { ResponseSample } from "./reward.js";

export interface ToolCallShapingOptions {
  /**
   * The count that is used: `turns`, as in verl's recipe (−1 without a call, −0.9 after one), or `toolCalls`, as in slime's, which feeds
   * the same formula with the number of calls (−1.1 without a call, −1 after two). verl's count is twice the policy's turns: those of the
   * policy, those in which the tools answered, and one more.
   */
  readonly count: "turns" | "toolCalls";
}

/**
 * Softens the penalty of a wrong answer that used tools: min((count − 2) / 2 · 0.1, 0.4), and 0 for a right answer.
 *
 * Added to an outcome of −1 this is verl's min(−0.6, −1 + (count − 2) / 2 · 0.1), at most −0.6. The paper has no such term.
 * Sources: verl-recipe's `retool/retool.py` (https://github.com/verl-project/verl-recipe), slime's `examples/retool`
 * (https://github.com/THUDM/slime).
 */
export function toolCallShaping({ count }: ToolCallShapingOptions): RewardPart {
  const counted = count === "turns" ? ({ turns }: ResponseSample) => 2 * turns : ({ toolCalls }: ResponseSample) => toolCalls;
  return { name: "tool_calls", value: (sample, { correct }) => (correct ? 0 : Math.min(((counted(sample) - 2) / 2) * 0.1, 0.4)) };
}

export interface OverlongPartOptions {
  /** Longest response, in tokens. */
  readonly maxLength: number;
  /** Tokens before `maxLength` over which the penalty grows from 0 to −1. */
  readonly bufferLength: number;
}

/**
 * DAPO's soft overlong punishment: min(−(length − (maxLength − buffer)) / buffer, 0). Scale it with `weight`.
 *
 * Yu et al., "DAPO", eq. 13 (https://arxiv.org/abs/2503.14476).
 */
export function overlongPart({ maxLength, bufferLength }: OverlongPartOptions): RewardPart {
  return { name: "overlong", value: ({ responseTokens }) => -Math.max(responseTokens - (maxLength - bufferLength), 0) / bufferLength || 0 };
}

export interface LengthPartOptions {
  /** Response length, in tokens, at which the penalty reaches −1; it does not grow further. */
  readonly maxLength: number;
}

/** A cost of every token: −min(length / maxLength, 1), interpreter output included. Scale it with `weight`; its name is `length`. */
export function lengthPart({ maxLength }: LengthPartOptions): RewardPart {
  return { name: "length", value: ({ responseTokens }) => -Math.min(responseTokens / maxLength, 1) || 0 };
}

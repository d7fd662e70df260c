import { lastBoxed } from "./answer.js";
import type { RewardPart } from "./combine.js";
import type { RewardFunction, RewardSample } from "./reward.js";

/**
 * How a response is to look.
 *
 * - `boxed`: it has a balanced `\boxed{…}`.
 * - `answer-tag`: it ends with its only `<answer>…</answer>`, and there is a balanced box in it.
 * - `think-once`: it has exactly one `</think>`, and no code after it.
 */
export type ResponseFormat = "boxed" | "answer-tag" | "think-once";

const CODE_MARKS = ["<code>", "<tool_call>", "```"];

/** Whether what the policy wrote has a format. Time is linear in the length. */
export function hasFormat({ modelText }: Pick<RewardSample, "modelText">, format: ResponseFormat): boolean {
  switch (format) {
    case "boxed":
      return lastBoxed(modelText) !== undefined;
    case "answer-tag": {
      const open = modelText.indexOf("<answer>");
      const close = modelText.indexOf("</answer>", Math.max(open, 0));
      if (open < 0 || close < 0 || modelText.indexOf("<answer>", open + 1) >= 0) return false;
      return modelText.slice(close + "</answer>".length).trim() === "" && lastBoxed(modelText.slice(open, close)) !== undefined;
    }
    case "think-once": {
      const parts = modelText.split("</think>");
      return parts.length === 2 && !CODE_MARKS.some((mark) => parts[1]!.includes(mark));
    }
  }
}

export interface FormatPartOptions {
  readonly format: ResponseFormat;
  /** Value where the response has the format. Default 0. */
  readonly satisfied?: number;
  /** Value where it has not. Default −1. */
  readonly violated?: number;
}

/** A term for the looks of a response: a penalty by default, a reward where `satisfied` is positive. Its name is `format`. */
export function formatPart({ format, satisfied = 0, violated = -1 }: FormatPartOptions): RewardPart {
  return { name: "format", value: (sample) => (hasFormat(sample, format) ? satisfied : violated) };
}

export interface RequireFormatOptions {
  readonly format: ResponseFormat;
  /** Score of a response without the format, whatever its answer. Default 0. */
  readonly otherwise?: number;
}

/**
 * An outcome that pays only responses with a format. With scores of 1 and 0 and the format `think-once` it is the reward of verl-recipe's
 * SPO (https://github.com/verl-project/verl-recipe). The verdict on the answer stays.
 */
export function requireFormat(outcome: RewardFunction, { format, otherwise = 0 }: RequireFormatOptions): RewardFunction {
  return (sample) => {
    const result = outcome(sample);
    return hasFormat(sample, format) ? result : { ...result, score: otherwise, parts: { outcome: otherwise } };
  };
}

import { lastBoxed } from "./answer.js";
import { type RewardPart, whenDone } from "./combine.js";
import {
  completeResult,
  type ResponseReward,
  type ResponseSample,
  type RewardFunction,
  type RewardOutput,
  type RewardProblem,
  type RewardResult,
  type RewardTrajectory,
} from "./reward.js";

/** Looks of a response, by the name of each format: what it asks for in one line. */
export const RESPONSE_FORMATS = {
  boxed: "a balanced \\boxed{…}",
  "answer-tag": "ends with its only <answer>…</answer>, which holds a balanced box",
  "think-once": "exactly one </think>, and no code after it",
} as const;

/** The name of a format in {@link RESPONSE_FORMATS}. */
export type ResponseFormat = keyof typeof RESPONSE_FORMATS;

const CODE_MARKS = ["<code>", "<tool_call>", "```"];

/** Checks that what the policy wrote has a format. Time is linear in the length. */
export function hasFormat({ modelText }: Pick<ResponseSample, "modelText">, format: ResponseFormat): boolean {
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
export function requireFormat(outcome: ResponseReward, options: RequireFormatOptions): ResponseReward;
export function requireFormat<P extends RewardProblem = RewardProblem, T extends RewardTrajectory = RewardTrajectory>(
  outcome: RewardFunction<P, T>,
  options: RequireFormatOptions,
): RewardFunction<P, T>;
export function requireFormat<Sample extends ResponseSample>(
  outcome: (sample: Sample) => RewardOutput | Promise<RewardOutput>,
  { format, otherwise = 0 }: RequireFormatOptions,
): (sample: Sample) => RewardOutput | Promise<RewardOutput> {
  return (sample) =>
    whenDone(outcome(sample), (output): RewardResult => {
      const result = completeResult(output);
      return hasFormat(sample, format) ? result : { ...result, score: otherwise, parts: { outcome: otherwise } };
    });
}

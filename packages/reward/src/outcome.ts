import { lastBoxed } from "./answer.js";
import { mathDapoScore } from "./math-dapo.js";
import type { RewardFunction, RewardSample } from "./reward.js";

/**
 * How an answer is found and compared.
 *
 * - `boxed-exact`: the last balanced box in what the policy wrote, compared by {@link answersMatch}. Text that the
 *   interpreter printed is not graded.
 * - `math-dapo-strict`, `math-dapo-minerva`: verl's rules, see {@link mathDapoScore}. They read the whole response, so
 *   that a box printed by the interpreter counts, as it does in verl.
 */
export type OutcomeRule = "boxed-exact" | "math-dapo-strict" | "math-dapo-minerva";

export interface OutcomeOptions extends AnswerOptions {
  readonly rule: OutcomeRule;
}

export interface AnswerOptions {
  /** For `boxed-exact`: read `1,024` and `1{,}024` as 1024. Default false. */
  readonly allowThousandsSeparators?: boolean;
}

/**
 * The reward of ReTool: 1 for a right answer, −1 for a wrong or missing one. There is no term for code that runs, which
 * a policy could collect without solving anything.
 *
 * Feng et al., "ReTool: Reinforcement Learning for Strategic Tool Use in LLMs", sec. 2.3 (https://arxiv.org/abs/2504.11536).
 *
 * @returns a function whose results have the single part `outcome`.
 */
export function outcomeReward({ rule, ...options }: OutcomeOptions): RewardFunction {
  return (sample) => {
    const { correct, prediction } = grade(sample, rule, options);
    const score = correct ? 1 : -1;
    return { score, correct, prediction, parts: { outcome: score } };
  };
}

interface Grade {
  readonly correct: boolean;
  readonly prediction: string | undefined;
}

function grade(sample: RewardSample, rule: OutcomeRule, options: AnswerOptions): Grade {
  switch (rule) {
    case "boxed-exact": {
      const prediction = lastBoxed(sample.modelText)?.text;
      return { correct: prediction !== undefined && answersMatch(prediction, sample.groundTruth, options), prediction };
    }
    case "math-dapo-strict": {
      const { correct, prediction } = mathDapoScore(sample.response, sample.groundTruth, { strictBox: true });
      return { correct, prediction: correct || prediction !== "" ? prediction : undefined };
    }
    case "math-dapo-minerva": {
      const { correct, prediction } = mathDapoScore(sample.response, sample.groundTruth, { strictBox: false });
      return { correct, prediction: correct || prediction !== "[INVALID]" ? prediction : undefined };
    }
  }
}

/**
 * Whether two answers are equal: as integers of any size if both are integers, else as trimmed strings.
 *
 * `045` equals `45`, `+7` equals `7` and `-0` equals `0`; `42.0` does not equal `42`. Only the digits 0–9 make an
 * integer. Digits are compared as text, so that a million of them cost no more than reading them.
 */
export function answersMatch(prediction: string, groundTruth: string, { allowThousandsSeparators = false }: AnswerOptions = {}): boolean {
  const [left, right] = [prediction, groundTruth].map((answer) => {
    const trimmed = answer.trim();
    return allowThousandsSeparators ? withoutThousandsSeparators(trimmed) : trimmed;
  }) as [string, string];
  const leftInteger = canonicalInteger(left);
  const rightInteger = canonicalInteger(right);
  return leftInteger !== undefined && rightInteger !== undefined ? leftInteger === rightInteger : left === right;
}

/** An integer without plus sign and leading zeros; undefined if the text is none. */
function canonicalInteger(text: string): string | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const isNegative = text.startsWith("-");
  let start = /^[+-]/.test(text) ? 1 : 0;
  while (start < text.length - 1 && text[start] === "0") start++;
  const digits = text.slice(start);
  return isNegative && digits !== "0" ? `-${digits}` : digits;
}

function withoutThousandsSeparators(text: string): string {
  const plain = text.replaceAll("{,}", ",");
  return /^[+-]?[0-9]{1,3}(?:,[0-9]{3})+$/.test(plain) ? plain.replaceAll(",", "") : text;
}

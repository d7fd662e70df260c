import { lastBoxed } from "./answer.js";
import { answersMatch, type AnswerOptions } from "./answers-match.js";
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

import { lastBoxed } from "./answer.js";
import { answersMatch, type AnswerOptions } from "./answers-match.js";
import { type AnswerSource, extractAnswer } from "./extract.js";
import { mathDapoScore } from "./math-dapo.js";
import type { RewardFunction, RewardSample } from "./reward.js";
import type { Verdict, VerifyOptions } from "./verify/verdict.js";
import { verifyAnswer } from "./verify/verify-answer.js";

/**
 * How an answer is found and compared.
 *
 * - `boxed-exact`: the last balanced box in what the policy wrote, compared by {@link answersMatch}. Text that the
 *   interpreter printed is not graded.
 * - `math-dapo-strict`, `math-dapo-minerva`: verl's rules, see {@link mathDapoScore}. They read the whole response, so
 *   that a box printed by the interpreter counts, as it does in verl.
 * - `equivalence`: the answer that {@link extractAnswer} finds in what the policy wrote, decided by {@link verifyAnswer}.
 */
export type OutcomeRule = "boxed-exact" | "math-dapo-strict" | "math-dapo-minerva" | "equivalence";

/** The score of each verdict. */
export type VerdictScores = Readonly<Record<Verdict["status"], number>>;

export interface OutcomeOptions extends AnswerOptions, VerifyOptions {
  readonly rule: OutcomeRule;
  /** For `equivalence`: where an answer may stand, in order. Default: a box, an answer tag, an anchor. */
  readonly sources?: readonly AnswerSource[];
  /**
   * Scores that differ from the default: 1 for `correct`, −1 for `wrong`, and the score of `wrong` for the verdicts that only the rule
   * `equivalence` gives: unparsable and undecided answers are never paid unless you say so. No answer counts as wrong.
   */
  readonly scores?: Partial<VerdictScores>;
}

/**
 * The reward of ReTool by default: 1 for a right answer, −1 for a wrong or missing one. There is no term for code that runs, which
 * a policy could collect without solving anything.
 *
 * Feng et al., "ReTool: Reinforcement Learning for Strategic Tool Use in LLMs", sec. 2.3 (https://arxiv.org/abs/2504.11536).
 *
 * @returns a function whose results have the single part `outcome`.
 */
export function outcomeReward({ rule, ...options }: OutcomeOptions): RewardFunction {
  if (rule === "equivalence") return equivalenceReward(options);
  const scoreOf = scoresOf(options.scores);
  return (sample) => {
    const { correct, prediction } = grade(sample, rule, options);
    const score = correct ? scoreOf.correct : scoreOf.wrong;
    return { score, correct, prediction, parts: { outcome: score } };
  };
}

function equivalenceReward({ sources = ["boxed", "tag", "anchor"], scores, strict = false }: Omit<OutcomeOptions, "rule">): RewardFunction {
  const scoreOf = scoresOf(scores);
  return ({ modelText, groundTruth }) => {
    const prediction = extractAnswer(modelText, { sources })?.text;
    const verdict: Verdict =
      prediction === undefined
        ? { status: "wrong", reason: "the response has no answer" }
        : verifyAnswer(groundTruth, prediction, { strict });
    const score = scoreOf[verdict.status];
    return { score, correct: verdict.status === "correct", prediction, parts: { outcome: score }, verdict };
  };
}

function scoresOf(scores: Partial<VerdictScores> = {}): VerdictScores {
  const { wrong = -1 } = scores;
  return { correct: 1, wrong, unparsableGold: wrong, unparsablePrediction: wrong, undecided: wrong, ...scores };
}

interface Grade {
  readonly correct: boolean;
  readonly prediction: string | undefined;
}

function grade(sample: RewardSample, rule: Exclude<OutcomeRule, "equivalence">, options: AnswerOptions): Grade {
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

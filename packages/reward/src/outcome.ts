import { lastBoxed } from "./answer.js";
import { answersMatch, type AnswerOptions } from "./answers-match.js";
import { type AnswerSource, extractAnswer } from "./extract.js";
import { mathDapoScore } from "./math-dapo.js";
import type { ResponseReward, ResponseSample } from "./reward.js";
import type { Verdict, VerifyOptions } from "./verify/verdict.js";
import { verifyAnswer } from "./verify/verify-answer.js";

/** A row of {@link REWARD_RULES}. */
export interface RewardRule {
  /** How the answer is found and compared, in one line. */
  readonly meaning: string;
  /** The text that is read: what the policy wrote, or all of the response, interpreter output included. */
  readonly reads: "modelText" | "response";
  /** Options of {@link OutcomeOptions} that it heeds, besides `scores`. */
  readonly options: readonly (keyof OutcomeOptions)[];
}

/** How an answer is found and compared, by the name of each rule; help, config schemas and documentation read it here. */
export const REWARD_RULES = {
  "boxed-exact": {
    meaning: "the box of the answer, as an integer of any size, else as trimmed text",
    reads: "modelText",
    options: ["allowThousandsSeparators"],
  },
  equivalence: {
    meaning: "a box, an answer tag or “the answer is”, decided as mathematics by verifyAnswer",
    reads: "modelText",
    options: ["sources", "strict"],
  },
  "math-dapo-strict": {
    meaning: "verl's rule: the last \\boxed{…} in the last 100 characters, to the character",
    reads: "response",
    options: [],
  },
  "math-dapo-minerva": {
    meaning: "verl's rule: the last “Answer: …” in the last 300 characters, after normalization",
    reads: "response",
    options: [],
  },
} as const satisfies Readonly<Record<string, RewardRule>>;

/** The name of a rule in {@link REWARD_RULES}. */
export type OutcomeRule = keyof typeof REWARD_RULES;

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
export function outcomeReward({ rule, ...options }: OutcomeOptions): ResponseReward {
  if (rule === "equivalence") return equivalenceReward(options);
  const scoreOf = scoresOf(options.scores);
  return (sample) => {
    const { correct, prediction } = grade(sample, rule, options);
    const score = correct ? scoreOf.correct : scoreOf.wrong;
    return { score, correct, prediction, parts: { outcome: score } };
  };
}

function equivalenceReward({ sources = ["boxed", "tag", "anchor"], scores, strict = false }: Omit<OutcomeOptions, "rule">): ResponseReward {
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

function grade(sample: ResponseSample, rule: Exclude<OutcomeRule, "equivalence">, options: AnswerOptions): Grade {
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

import { readGold } from "./gold.js";
import type { OutcomeRule } from "./rules.js";
import { answersMatch, type AnswerOptions } from "./answers-match.js";
import { type AnswerSource, extractAnswer, type ExtractedAnswer, lastStatedBox } from "./extract.js";
import { mathDapoScore } from "./math-dapo.js";
import type { ResponseReward, ResponseSample } from "./reward.js";
import { readingsOfSentence } from "./sentence.js";
import type { Verdict, VerifyOptions } from "./verify/verdict.js";
import { verifyAnswer } from "./verify/verify-answer.js";

/** The score of each verdict. */
export type VerdictScores = Readonly<Record<Verdict["status"], number>>;

export interface OutcomeOptions extends AnswerOptions, VerifyOptions {
  readonly rule: OutcomeRule;
  /** For `equivalence`: where an answer may stand. Default: a box, an answer tag, an anchor. */
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
    const found = extractAnswer(modelText, { sources });
    const formula =
      found !== undefined && sources.includes("expression") ? extractAnswer(modelText, { sources: ["expression"] }) : undefined;
    const { verdict, prediction } = judge(readGold(groundTruth), [found, formula], strict);
    const score = scoreOf[verdict.status];
    return { score, correct: verdict.status === "correct", prediction, parts: { outcome: score }, verdict };
  };
}

/** The verdict on the first way to read the answer that can be read. */
function judge(gold: string, candidates: readonly (ExtractedAnswer | undefined)[], strict: boolean): Judged {
  let first: Judged | undefined;
  for (const { text, source } of candidates.filter((candidate) => candidate !== undefined)) {
    for (const prediction of source === "boxed" || source === "number" ? [text] : readingsOfSentence(text)) {
      const verdict = verifyAnswer(gold, prediction, { strict });
      if (verdict.status !== "unparsablePrediction") return { verdict, prediction };
      first ??= { verdict, prediction };
    }
  }
  return first ?? { verdict: { status: "wrong", reason: "the response has no answer" }, prediction: undefined };
}

interface Judged {
  readonly verdict: Verdict;
  readonly prediction: string | undefined;
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
  const groundTruth = readGold(sample.groundTruth);
  switch (rule) {
    case "boxed-exact": {
      const found = lastStatedBox(sample.modelText);
      return { correct: found !== undefined && answersMatch(found, groundTruth, options), prediction: found };
    }
    case "math-dapo-strict": {
      const { correct, prediction } = mathDapoScore(sample.response, groundTruth, { strictBox: true });
      return { correct, prediction: correct || prediction !== "" ? prediction : undefined };
    }
    case "math-dapo-minerva": {
      const { correct, prediction } = mathDapoScore(sample.response, groundTruth, { strictBox: false });
      return { correct, prediction: correct || prediction !== "[INVALID]" ? prediction : undefined };
    }
  }
}

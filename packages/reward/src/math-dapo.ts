import { lastBoxedOnlyString } from "./answer.js";
import { normalizeFinalAnswer } from "./normalize.js";
import { lastCodePoints, PYTHON_SPACE } from "./python-text.js";

/** Code points at the end of a solution that are read at all, and those in which a strict box must stand. */
const SOLUTION_WINDOW = 300;
const BOX_WINDOW = 100;

const ANSWER = new RegExp(`Answer[${PYTHON_SPACE}]*:[${PYTHON_SPACE}]*([^\\n]+)`, "giu");

export interface MathDapoOptions {
  /** true: the last `\boxed{…}` must equal the ground truth. false: the last `Answer: …`, both sides normalized. */
  readonly strictBox: boolean;
}

/** Verdict of verl's rule on one solution. */
export interface MathDapoResult {
  readonly score: 1 | -1;
  readonly correct: boolean;
  /** The answer that was graded. Without an answer: empty in strict mode, `[INVALID]` in the other. */
  readonly prediction: string;
}

/**
 * The rule-based reward of DAPO as verl computes it, which the published ReTool recipes use in strict mode.
 *
 * Only the last 300 code points are read, and in strict mode the last 100. Strict mode neither normalizes nor trims:
 * `\boxed{ 42 }` is wrong for 42.
 *
 * Yu et al., "DAPO" (https://arxiv.org/abs/2503.14476); verl's `verl/utils/reward_score/math_dapo.py`.
 */
export function mathDapoScore(solution: string, groundTruth: string, { strictBox }: MathDapoOptions): MathDapoResult {
  const window = lastCodePoints(solution, SOLUTION_WINDOW);
  return strictBox ? scoreBox(window, groundTruth) : scoreAnswerLine(window, groundTruth);
}

function scoreBox(window: string, groundTruth: string): MathDapoResult {
  const prediction = lastBoxedOnlyString(lastCodePoints(window, BOX_WINDOW))?.slice("\\boxed{".length, -1);
  return result(prediction === groundTruth, prediction ?? "");
}

function scoreAnswerLine(window: string, groundTruth: string): MathDapoResult {
  const answer = [...window.matchAll(ANSWER)].at(-1)?.[1] ?? "[INVALID]";
  const prediction = normalizeFinalAnswer(answer);
  return result(prediction === normalizeFinalAnswer(groundTruth), prediction);
}

function result(correct: boolean, prediction: string): MathDapoResult {
  return { score: correct ? 1 : -1, correct, prediction };
}

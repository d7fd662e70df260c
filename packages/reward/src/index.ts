/**
 * Answer extraction and outcome rewards for problems whose answer can be checked.
 *
 * @packageDocumentation
 */
export { lastBoxed, lastBoxedOnlyString, type BoxedAnswer } from "./answer.js";
export { combineRewards, type RewardPart } from "./combine.js";
export { ANSWER_SOURCES, extractAnswer, type AnswerSource, type ExtractedAnswer, type ExtractOptions } from "./extract.js";
export {
  formatPart,
  hasFormat,
  requireFormat,
  RESPONSE_FORMATS,
  type FormatPartOptions,
  type RequireFormatOptions,
  type ResponseFormat,
} from "./format.js";
export { checkGolds, readGold, type GoldCheck, type UnreadableGold } from "./gold.js";
export { groupReward, scoreGroup, type GroupMember } from "./group.js";
export { mathDapoScore, type MathDapoOptions, type MathDapoResult } from "./math-dapo.js";
export { normalizeFinalAnswer } from "./normalize.js";
export { answersMatch, type AnswerOptions } from "./answers-match.js";
export { outcomeReward, type OutcomeOptions, type VerdictScores } from "./outcome.js";
export { REWARD_RULES, type OutcomeRule, type RewardRule } from "./rules.js";
export {
  completeResult,
  type ResponseReward,
  type ResponseSample,
  type RewardFunction,
  type RewardOutput,
  type RewardProblem,
  type RewardResult,
  type RewardSample,
  type RewardTrajectory,
} from "./reward.js";
export {
  lengthPart,
  overlongPart,
  toolCallShaping,
  type LengthPartOptions,
  type OverlongPartOptions,
  type ToolCallShapingOptions,
} from "./shaping.js";
export type { Verdict, VerifyOptions } from "./verify/verdict.js";
export { verifyAnswer } from "./verify/verify-answer.js";

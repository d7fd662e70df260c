/**
 * Rolling out and grading with any engine, and what it shows: avg@k, pass@k, maj@k, intervals.
 *
 * @packageDocumentation
 */
export { sameAnswerUnder, votesOf, type GradedAnswer, type SameAnswer } from "./answer-classes.js";
export { estimatesAtK, usualK, type AtKOptions, type SampleGrade } from "./at-k.js";
export { DistinctProblems, withDistinctIds } from "./distinct-problems.js";
export {
  agentOptions,
  DEFAULT_SAMPLER_LIMITS,
  type Environment,
  type PromptEncoder,
  type RolloutReward,
  type SamplerLimits,
} from "./environment.js";
export { majorityAtK, passAtK, type Vote } from "./estimators.js";
export { summarizeEvaluation, type Accuracy, type EvaluatedRollout, type Evaluation, type EvaluationOptions } from "./evaluation.js";
export { gradeGroup, type Grader } from "./grade.js";
export { gradedGroups, type RolloutSink } from "./graded-groups.js";
export { gradedRollouts } from "./graded-rollouts.js";
export { bootstrapIntervals, estimateMeans, wilsonInterval, type Estimate, type Interval } from "./intervals.js";
export {
  holmCorrection,
  mcnemarTest,
  pairedBootstrap,
  type McNemarResult,
  type PairedBootstrapOptions,
  type PairedDifference,
} from "./paired-tests.js";
export { type PolicyModel, type SamplingModel } from "./policy-model.js";
export { type GradedRollout, type RollOut, type RolloutRequest } from "./rollout-request.js";

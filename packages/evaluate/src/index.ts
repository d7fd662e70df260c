/**
 * Rolling out and grading with any engine, and what it shows: avg@k, pass@k, maj@k, intervals.
 *
 * @packageDocumentation
 */
export { sameAnswerUnder } from "./answer-classes.js";
export { DistinctProblems, withDistinctIds } from "./distinct-problems.js";
export { type Accuracy, type EvaluatedRollout, type Evaluation, type GradedRollout, gradedRollouts, type RolloutRequest, summarizeEvaluation } from "./evaluate.js";
export { type Estimate, type Interval } from "./intervals.js";

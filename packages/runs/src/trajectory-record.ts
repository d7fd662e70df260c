import type { Problem } from "@retool-ts/data";
import type { RewardResult } from "@retool-ts/reward";
import type { Segment, StopReason, ToolCall, Trajectory } from "@retool-ts/rollout";

/** A call as it is kept: without its duration, so that equal runs give equal files. */
export type RecordedCall = Omit<ToolCall, "durationMs">;

/** A stretch of a rollout that one side wrote: the prompt, the model or a tool. */
export interface RecordedSegment {
  readonly kind: Segment["kind"];
  readonly text: string;
  readonly tokens: number;
}

/** One graded rollout as it is kept in a run folder and shown by `inspect` and `report`. */
export interface TrajectoryRecord {
  /** Purpose that it was sampled for, such as `coldStart`, `train` or `final`. */
  readonly phase: string;
  readonly step: number;
  readonly problemId: string;
  readonly sampleIndex: number;
  readonly question: string;
  readonly groundTruth: string;
  readonly family?: string;
  readonly level?: number;
  readonly score: number;
  readonly correct: boolean;
  /** The answer that was graded; absent when none was found. */
  readonly prediction?: string;
  /** Contribution of each term of the reward. */
  readonly parts: Readonly<Record<string, number>>;
  readonly advantage?: number;
  readonly stopReason: StopReason;
  readonly turns: number;
  readonly promptTokens: number;
  /** Tokens after the prompt, interpreter output included. */
  readonly responseTokens: number;
  readonly segments: readonly RecordedSegment[];
  readonly toolCalls: readonly RecordedCall[];
}

/** Source of a record: a rollout with its problem, verdict and, in training, advantage. */
export interface RecordSource {
  readonly trajectory: Trajectory;
  readonly problem: Problem;
  readonly reward: RewardResult;
  readonly advantage?: number | undefined;
}

/** Joins a rollout with its problem and verdict. */
export function toRecord(
  { trajectory, problem, reward, advantage }: RecordSource,
  { phase, step }: { readonly phase: string; readonly step: number },
): TrajectoryRecord {
  return {
    phase,
    step,
    problemId: trajectory.problemId,
    sampleIndex: trajectory.sampleIndex,
    question: problem.question,
    groundTruth: problem.answer,
    ...(problem.family === undefined ? {} : { family: problem.family }),
    ...(problem.level === undefined ? {} : { level: problem.level }),
    score: reward.score,
    correct: reward.correct,
    ...(reward.prediction === undefined ? {} : { prediction: reward.prediction }),
    parts: reward.parts,
    ...(advantage === undefined ? {} : { advantage }),
    stopReason: trajectory.stopReason,
    turns: trajectory.turns,
    promptTokens: trajectory.promptLength,
    responseTokens: trajectory.tokenIds.length - trajectory.promptLength,
    segments: trajectory.segments.map(({ kind, text, start, end }) => ({ kind, text, tokens: end - start })),
    toolCalls: trajectory.toolCalls.map(({ tool, input, result, status, fuel, start }) => ({ tool, input, result, status, fuel, start })),
  };
}

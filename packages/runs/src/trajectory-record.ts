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

/** Everything that a rollout can be learned from again with. */
export interface RecordedTokens {
  /** Of the whole rollout, prompt included. */
  readonly ids: readonly number[];
  /** Log-probabilities of those that the policy chose, in order, as its sampler computed them. */
  readonly logProbs: readonly number[];
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
  /** Only where rollouts are kept to be learned from again. */
  readonly tokens?: RecordedTokens;
  /** The problem's row as it was read, where rollouts are kept to be learned from or graded again. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** Source of a record: a rollout with its problem, verdict and, in training, advantage. */
export interface RecordSource {
  readonly trajectory: Trajectory;
  readonly problem: Problem;
  readonly reward: RewardResult;
  readonly advantage?: number | undefined;
}

/** Purpose and time of a rollout. */
export interface RecordLabel {
  readonly phase: string;
  readonly step: number;
}

/** Joins a rollout with its problem and verdict; with `replay`, keeps tokens and the problem's row too. */
export function toRecord(
  { trajectory, problem, reward, advantage }: RecordSource,
  { phase, step }: RecordLabel,
  { replay = false }: { readonly replay?: boolean } = {},
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
    ...(replay && { tokens: recordedTokens(trajectory) }),
    ...(replay && problem.columns !== undefined && { columns: problem.columns }),
  };
}

/** Nine digits tell every float32 from every other. */
const FLOAT32_DIGITS = 9;

function recordedTokens({ tokenIds, lossMask, logProbs }: Trajectory): RecordedTokens {
  const chosen = logProbs.filter((_, t) => lossMask[t] === 1);
  return { ids: [...tokenIds], logProbs: [...chosen].map((value) => Number(value.toPrecision(FLOAT32_DIGITS))) };
}

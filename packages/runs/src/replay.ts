import { defined, RetoolError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import type { RewardResult } from "@retool-ts/reward";
import { createTrajectory, type Trajectory } from "@retool-ts/rollout";
import type { TrajectoryRecord } from "./trajectory-record.js";

/** Id of a token that a record does not keep. */
const NO_ID = -1;

/**
 * A rollout as it was, but for the time that its calls took. Without kept tokens, ids are -1 and log-probabilities 0: enough to grade it,
 * not to learn from it.
 *
 * @throws RetoolError when the tokens are not those of the texts.
 */
export function recordedTrajectory(record: TrajectoryRecord): Trajectory {
  const { problemId, sampleIndex, stopReason, turns, promptTokens, tokens, toolCalls } = record;
  const segments = placed(record);
  const length = segments.at(-1)?.end ?? 0;
  const lossMask = new Uint8Array(length);
  for (const { kind, start, end } of segments) if (kind === "model") lossMask.fill(1, start, end);
  const chosen = lossMask.reduce((sum, mask) => sum + mask, 0);
  if (tokens !== undefined && (tokens.ids.length !== length || tokens.logProbs.length !== chosen)) {
    const found = `${tokens.ids.length} and ${tokens.logProbs.length}`;
    throw new RetoolError("TRAJECTORY", `tokens: expected ${length} ids and ${chosen} log-probabilities, got ${found}`);
  }
  const logProbs = new Float32Array(length);
  let next = 0;
  if (tokens !== undefined) lossMask.forEach((mask, t) => mask === 1 && (logProbs[t] = tokens.logProbs[next++]!));
  return createTrajectory({
    problemId,
    sampleIndex,
    tokenIds: tokens === undefined ? new Int32Array(length).fill(NO_ID) : Int32Array.from(tokens.ids),
    lossMask,
    logProbs,
    promptLength: promptTokens,
    segments,
    toolCalls: toolCalls.map((call) => ({ ...call, durationMs: 0 })),
    stopReason,
    turns,
  });
}

function placed({ segments }: TrajectoryRecord): Trajectory["segments"] {
  let end = 0;
  return segments.map(({ kind, text, tokens }) => ({ kind, text, start: end, end: (end += tokens) }));
}

/** The problem of a rollout; its row only where the record keeps it. */
export function recordedProblem({ problemId, question, groundTruth, family, level, columns }: TrajectoryRecord): Problem {
  return { id: problemId, question, answer: groundTruth, source: "recorded", ...defined({ family, level, columns }) };
}

/** The verdict that a rollout had. */
export function recordedReward({ score, correct, prediction, parts }: TrajectoryRecord): RewardResult {
  return { score, correct, prediction, parts };
}

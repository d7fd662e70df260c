import { InputError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import type { EvaluatedRollout, Evaluation } from "@retool-ts/evaluate";
import { phaseSummary } from "../recipe/phases.js";
import type { TrajectoryRecord } from "@retool-ts/runs";

/** A rollout that was kept, as an evaluation is computed from it. */
export function evaluatedRecord(record: TrajectoryRecord, columns: Problem["columns"] = record.columns): EvaluatedRollout {
  const { family, level, promptTokens, responseTokens, toolCalls, stopReason, turns, correct, prediction } = record;
  return {
    problem: {
      ...(family === undefined ? {} : { family }),
      ...(level === undefined ? {} : { level }),
      columns: columns ?? {},
    },
    trajectory: { promptLength: promptTokens, tokenIds: { length: promptTokens + responseTokens }, toolCalls, stopReason, turns },
    reward: { correct, prediction },
  };
}

/**
 * The figures of an evaluation as `retool eval --json` prints them and `evaluation.json` keeps them.
 *
 * @param unreadableGolds - problems whose reference answer no response can meet
 */
export function evaluationJson(checkpoint: string, evaluation: Evaluation, unreadableGolds: number): Record<string, unknown> {
  const { samples, passAt, majorityAt, rollouts } = evaluation;
  return { checkpoint, samples, passAt, majorityAt, ...phaseSummary(evaluation), stopReasons: rollouts.stopReasons, unreadableGolds };
}

/** @throws InputError when a k asks for more samples than there are. */
export function checkK(option: string, ks: readonly number[] | undefined, samples: number): void {
  const tooLarge = ks?.find((k) => k > samples);
  if (tooLarge === undefined) return;
  throw new InputError({
    what: "retool eval",
    where: option,
    expected: `numbers of samples up to ${samples}`,
    found: String(tooLarge),
    fix: `pass --samples ${tooLarge}`,
  });
}

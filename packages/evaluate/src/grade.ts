import type { Problem, Tokenizer } from "@retool-ts/data";
import { scoreGroup, type RewardResult } from "@retool-ts/reward";
import { modelText, responseText, type Trajectory } from "@retool-ts/rollout";
import type { RolloutReward } from "./environment.js";

/** Parts of model and environment that grading needs. */
export interface Grader {
  readonly reward: RolloutReward;
  readonly tokenizer: Pick<Tokenizer, "idToToken">;
  readonly eosTokenIds: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

const UNSCORED: RewardResult = { score: 0, correct: false, prediction: undefined, parts: {} };

/**
 * Scores all rollouts of a problem. The tokens that end a turn or a text are no part of what is graded: an answer at the very end is `18`,
 * not `18<|im_end|>`.
 *
 * A group with a rollout that was aborted is not scored: it will be sampled again.
 *
 * @returns one result for each rollout, in order.
 * @throws RetoolError when the reward fails.
 */
export async function gradeGroup(
  problem: Problem,
  trajectories: readonly Trajectory[],
  { reward, tokenizer, eosTokenIds, signal }: Grader,
): Promise<RewardResult[]> {
  if (trajectories.some(({ stopReason }) => stopReason === "aborted")) return trajectories.map(() => UNSCORED);
  const ends = eosTokenIds.map((id) => tokenizer.idToToken(id)).filter((token) => token !== undefined);
  const withoutEnds = (text: string) => ends.reduce((rest, end) => rest.replaceAll(end, ""), text);
  const members = trajectories.map((trajectory) => ({
    problem,
    trajectory,
    response: withoutEnds(responseText(trajectory)),
    modelText: withoutEnds(modelText(trajectory)),
    groundTruth: problem.answer,
    toolCalls: trajectory.toolCalls.length,
    turns: trajectory.turns,
    responseTokens: trajectory.tokenIds.length - trajectory.promptLength,
  }));
  return scoreGroup(reward, members, { signal });
}

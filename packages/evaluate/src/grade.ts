import type { Problem, Tokenizer } from "@retool-ts/data";
import type { ResponseReward, RewardResult } from "@retool-ts/reward";
import { modelText, responseText, type Trajectory } from "@retool-ts/rollout";

/** What grading needs of model and environment. */
export interface Grader {
  readonly reward: ResponseReward;
  readonly tokenizer: Pick<Tokenizer, "idToToken">;
  readonly eosTokenIds: readonly number[];
}

/**
 * Scores a rollout. The tokens that end a turn or a text are no part of what is graded: an answer at the very end is `18`, not
 * `18<|im_end|>`.
 */
export function gradeRollout(problem: Problem, trajectory: Trajectory, { reward, tokenizer, eosTokenIds }: Grader): RewardResult {
  const ends = eosTokenIds.map((id) => tokenizer.idToToken(id)).filter((token) => token !== undefined);
  const withoutEnds = (text: string) => ends.reduce((rest, end) => rest.replaceAll(end, ""), text);
  return reward({
    response: withoutEnds(responseText(trajectory)),
    modelText: withoutEnds(modelText(trajectory)),
    groundTruth: problem.answer,
    toolCalls: trajectory.toolCalls.length,
    turns: trajectory.turns,
    responseTokens: trajectory.tokenIds.length - trajectory.promptLength,
  });
}

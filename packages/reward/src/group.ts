import { RetoolError } from "@retool-ts/core";
import {
  completeResult,
  type RewardFunction,
  type RewardOutput,
  type RewardProblem,
  type RewardResult,
  type RewardSample,
  type RewardTrajectory,
} from "./reward.js";

/** A rollout that is to be scored: a {@link RewardSample} without its group. */
export type GroupMember<P extends RewardProblem = RewardProblem, T extends RewardTrajectory = RewardTrajectory> = Omit<
  RewardSample<P, T>,
  "group" | "index" | "signal"
>;

/**
 * Scores all rollouts of one problem, at the same time; each sees the group.
 *
 * @returns one result for each rollout, in order.
 * @throws RetoolError naming problem and rollout when the reward throws or rejects, or gives no finite number.
 */
export async function scoreGroup<P extends RewardProblem, T extends RewardTrajectory>(
  reward: RewardFunction<P, T>,
  members: readonly GroupMember<P, T>[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<RewardResult[]> {
  const group: RewardSample<P, T>[] = [];
  for (const [index, member] of members.entries()) group.push({ ...member, group, index, ...(signal && { signal }) });
  return Promise.all(group.map((sample) => scoreSample(reward, sample)));
}

async function scoreSample<P extends RewardProblem, T extends RewardTrajectory>(
  reward: RewardFunction<P, T>,
  sample: RewardSample<P, T>,
): Promise<RewardResult> {
  try {
    return completeResult(await reward(sample));
  } catch (cause) {
    if (sample.signal?.aborted === true) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RetoolError("REWARD", `reward of problem ${sample.problem.id}, rollout ${sample.index}: ${reason}`, { cause });
  }
}

/**
 * A reward that looks at the rollouts of a problem together: it runs once for a group, and gives one output for each.
 *
 * @example
 * ```ts test
 * import { groupReward, scoreGroup } from "@retool-ts/reward";
 *
 * // The shortest response of a group is worth 1, the others nothing.
 * const shortest = groupReward((group) => {
 *   const lengths = group.map(({ responseTokens }) => responseTokens);
 *   return lengths.map((length) => (length === Math.min(...lengths) ? 1 : 0));
 * });
 * const rollout = (responseTokens: number) => ({
 *   problem: { id: "p", question: "q", answer: "1" }, trajectory: { stopReason: "eos", segments: [], toolCalls: [] },
 *   response: "", modelText: "", groundTruth: "1", toolCalls: 0, turns: 1, responseTokens,
 * });
 * const results = await scoreGroup(shortest, [rollout(7), rollout(3)]);
 * results.map(({ score }) => score); // => [0, 1]
 * ```
 */
export function groupReward<P extends RewardProblem = RewardProblem, T extends RewardTrajectory = RewardTrajectory>(
  judge: (group: readonly RewardSample<P, T>[]) => readonly RewardOutput[] | Promise<readonly RewardOutput[]>,
): RewardFunction<P, T> {
  const judged = new WeakMap<readonly RewardSample<P, T>[], Promise<readonly RewardOutput[]>>();
  return async ({ group, index }) => {
    let outputs = judged.get(group);
    if (outputs === undefined) {
      outputs = Promise.resolve(judge(group));
      judged.set(group, outputs);
    }
    const found = await outputs;
    if (found.length !== group.length)
      throw new RetoolError("REWARD", `expected ${group.length} outputs, one for each rollout of the group, got ${found.length}`);
    return found[index]!;
  };
}

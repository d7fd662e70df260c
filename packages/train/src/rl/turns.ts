import { RetoolError } from "@retool-ts/core";
import type { TrainConfig } from "../train-config.js";
import type { GroupedRollout } from "./sample.js";

/** The turns of a rollout. */
export interface Turns {
  /** Reward of each turn, null where it has none. */
  readonly rewards: readonly (number | null)[];
  /** Turn of each token, from 0; −1 for tokens that the policy did not write. */
  readonly ofToken: Int32Array;
}

/**
 * Turns of a rollout, as stretches of the policy between outputs of tools, with the rewards that its reward function gave them; without
 * those, a turn that calls is worth the mean of its calls by how they ended.
 *
 * @throws RetoolError when the reward function rated another number of turns.
 */
export function turnsOf(
  { trajectory, reward }: Pick<GroupedRollout, "trajectory" | "reward">,
  { ok, failed }: TrainConfig["turnCredit"],
): Turns {
  const ofToken = new Int32Array(trajectory.tokenIds.length).fill(-1);
  const ends: number[] = [];
  let turn = -1;
  let previous: string | undefined;
  for (const { kind, start, end } of trajectory.segments) {
    if (kind === "model" && start < end) {
      if (previous !== "model") ends.push(end);
      turn = ends.length - 1;
      ends[turn] = end;
      ofToken.fill(turn, start, end);
    }
    previous = kind;
  }
  const given = reward.turns;
  if (given !== undefined) {
    if (given.length !== ends.length) throw new RetoolError("REWARD", `turns: expected ${ends.length}, one for each turn of the policy, got ${given.length}`); // prettier-ignore
    return { rewards: given, ofToken };
  }
  const worths = ends.map((): number[] => []);
  for (const call of trajectory.toolCalls) {
    const place = ofToken[call.start] ?? -1;
    if (place >= 0) worths[place]!.push(call.status === "ok" ? ok : failed);
  }
  const rewards = worths.map((each) => (each.length === 0 ? null : each.reduce((sum, worth) => sum + worth, 0) / each.length));
  return { rewards, ofToken };
}

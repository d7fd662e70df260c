import { assertSameLength, RetoolError } from "@retool-ts/core";

/** Name of the group a sample belongs to: all samples of one prompt share it. `1` and `"1"` are two groups. */
export type GroupId = string | number;

/**
 * Sample indices of each group, in the order in which groups first appear.
 *
 * @param scores - one score per sample, finite.
 * @param groupIds - the group of each sample, in any order.
 */
export function groupMembers(scores: readonly number[], groupIds: readonly GroupId[]): Map<GroupId, number[]> {
  assertSameLength({ scores, groupIds });
  const groups = new Map<GroupId, number[]>();
  scores.forEach((score, index) => {
    if (!Number.isFinite(score)) throw new RetoolError("NUMBER", `scores[${index}]: expected a finite number, got ${score}`);
    const id = groupIds[index]!;
    const members = groups.get(id);
    if (members) members.push(index);
    else groups.set(id, [index]);
  });
  return groups;
}

/**
 * Share of groups that teach nothing, because all of their two or more samples have one score; 0 without groups.
 *
 * DAPO's dynamic sampling drops them (Yu et al., eq. 11, https://arxiv.org/abs/2503.14476). A group of one sample is not
 * among them: it keeps its score as its advantage.
 */
export function zeroVarianceGroupShare(scores: readonly number[], groupIds: readonly GroupId[]): number {
  const groups = [...groupMembers(scores, groupIds).values()];
  const constant = groups.filter((members) => isConstant(scores, members));
  return groups.length === 0 ? 0 : constant.length / groups.length;
}

/**
 * The samples that dynamic sampling keeps: those of groups whose scores differ. Groups of one sample are kept as well.
 *
 * A batch is refilled by sampling further prompts until enough groups are kept.
 *
 * Yu et al., "DAPO", eq. 11 (https://arxiv.org/abs/2503.14476).
 *
 * @param scores - one score per sample, finite.
 * @param groupIds - the group of each sample, in any order.
 * @returns indices into `scores`, ascending.
 */
export function informativeSamples(scores: readonly number[], groupIds: readonly GroupId[]): number[] {
  return [...groupMembers(scores, groupIds).values()]
    .filter((members) => !isConstant(scores, members))
    .flat()
    .sort((a, b) => a - b);
}

function isConstant(scores: readonly number[], members: readonly number[]): boolean {
  return members.length > 1 && members.every((index) => scores[index] === scores[members[0]!]);
}

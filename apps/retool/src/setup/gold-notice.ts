import { checkGolds } from "@retool-ts/reward";
import type { RewardConfig } from "../config/reward-config.js";

/** Problems with the answers that they should have. */
type WithAnswers = Iterable<{ readonly id: string; readonly answer: string }>;

/** Reference answers that no response can meet by the config's rule; a reward of one's own reads them as it likes. */
export function unreadableGolds(problems: WithAnswers, { function: own, rule }: Pick<RewardConfig, "function" | "rule">) {
  return own === null ? checkGolds(problems, rule).unreadable : [];
}

/** A line for a person where some reference answers cannot be read; undefined where all can. */
export function goldNotice(problems: WithAnswers, reward: Pick<RewardConfig, "function" | "rule">, where: string): string | undefined {
  const unreadable = unreadableGolds(problems, reward);
  if (unreadable.length === 0) return undefined;
  const { id, gold, reason } = unreadable[0]!;
  const example = `${id}, ${JSON.stringify(gold.slice(0, 60))}: ${reason}`;
  return `${where}: ${unreadable.length} reference answers cannot be read by the rule ${reward.rule}, so that every response to them is wrong (first: ${example})`;
}

import { joinedBoxes, lastTag } from "./extract.js";
import type { OutcomeRule } from "./rules.js";
import { withoutSilentText } from "./silent-text.js";
import { unreadableGold } from "./verify/verify-answer.js";

/** A reference answer longer than this, with a line break, is a worked solution. */
const LONGEST_ANSWER = 200;

/**
 * The answer that a reference states: the inside of its last answer tag or box (of several in a row all of them), what stands behind its
 * last `####`, else the text itself. So a column of worked solutions is as good as one of answers. Every rule reads golds with it.
 */
export function readGold(gold: string): string {
  if (!/\\boxed|\\fbox|####|<answer>/.test(gold)) return gold;
  const text = withoutSilentText(gold);
  const tag = lastTag(text);
  const inside = tag?.isClosed === true ? text.slice(tag.from, tag.to) : text;
  const box = joinedBoxes(inside);
  if (box !== undefined) return box.text.trim();
  const marked = /####[ \t]*([^\n]*)(?![\s\S]*####)/.exec(inside)?.[1]?.trim();
  if (marked !== undefined && marked !== "") return /^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(marked) ? marked.replaceAll(",", "") : marked;
  return tag?.isClosed === true ? inside.trim() : gold;
}

/** A reference answer that no response can meet, and why. */
export interface UnreadableGold {
  readonly id: string;
  readonly gold: string;
  readonly reason: string;
}

/** Findings of {@link checkGolds}. */
export interface GoldCheck {
  readonly total: number;
  readonly unreadable: readonly UnreadableGold[];
}

/**
 * Looks for reference answers that every response would fail, whatever it says: a fault of the data, to be told before a run.
 *
 * @example
 * ```ts test
 * import { checkGolds } from "@retool-ts/reward";
 *
 * const problems = [{ id: "a", answer: "so \\boxed{2}" }, { id: "b", answer: "\\foo{3}" }];
 * checkGolds(problems, "equivalence").unreadable.map(({ id }) => id); // => ["b"]
 * ```
 */
export function checkGolds(problems: Iterable<{ readonly id: string; readonly answer: string }>, rule: OutcomeRule): GoldCheck {
  const unreadable: UnreadableGold[] = [];
  let total = 0;
  for (const { id, answer } of problems) {
    total++;
    const reason = reasonAgainst(readGold(answer), rule);
    if (reason !== undefined) unreadable.push({ id, gold: answer, reason });
  }
  return { total, unreadable };
}

function reasonAgainst(gold: string, rule: OutcomeRule): string | undefined {
  if (gold.trim() === "") return "it is empty";
  if (gold.length > LONGEST_ANSWER && /\n/.test(gold.trim())) return "it is a text of several lines without a box, not an answer";
  switch (rule) {
    case "equivalence":
      return unreadableGold(gold);
    case "boxed-exact":
    case "math-dapo-strict":
    case "math-dapo-minerva":
      return isBalanced(gold) ? undefined : "its braces do not close, so no box can hold it";
  }
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text.replace(/\\[{}\\]/g, "")) {
    if (character === "{") depth++;
    else if (character === "}" && --depth < 0) return false;
  }
  return depth === 0;
}

import { competingRepetitions, endOfClass } from "./pattern-cost.js";

/** Ids are indices of arrays and rows of embeddings; the largest vocabularies have some 300,000. */
const LARGEST_ID = 2 ** 24 - 1;
/** A normalizer may make a text so many times longer. */
const MOST_GROWTH = 1_000;
const DEEPEST = 40;

/** The parts of a tokenizer file besides its vocabulary. */
interface Parts {
  readonly model: { readonly vocab: object };
  readonly added_tokens?: readonly { readonly id: number }[] | null | undefined;
  readonly [part: string]: unknown;
}

/** The fault that makes a tokenizer file unfit to be run at all: it would use up memory or time. Undefined for any that a trainer writes. */
export function boundsFault({ model, ...parts }: Parts): { readonly where: string; readonly found: string } | undefined {
  const depth = depthOf(parts);
  if (depth > DEEPEST) return { where: "tokenizer.json", found: `parts nested deeper than ${DEEPEST} levels` };
  const wrong = wrongIdOf(model.vocab) ?? (parts.added_tokens ?? []).find((token) => !isId(token.id));
  if (wrong !== undefined) {
    const { id } = wrong;
    return { where: "tokenizer.json", found: `the token id ${JSON.stringify(id)?.slice(0, 30)}, above ${LARGEST_ID} or no whole number` };
  }
  const growth = growthOf(parts["normalizer"]);
  if (growth > MOST_GROWTH) return { where: "tokenizer.json normalizer", found: `one that can make a text ${growth} times longer` };
  for (const pattern of patternsOf([parts["pre_tokenizer"], parts["normalizer"], parts["decoder"]])) {
    const fault = patternFault(pattern);
    if (fault !== undefined) return { where: "tokenizer.json", found: `${fault}, which may never end, in ${pattern.slice(0, 60)}` };
  }
  return undefined;
}

/** The first id of a vocabulary that is none. It has a hundred thousand, so no list of them is made. */
function wrongIdOf(vocab: object): { readonly id: unknown } | undefined {
  if (Array.isArray(vocab)) return undefined;
  const ids = vocab as Readonly<Record<string, unknown>>;
  for (const token in ids) if (!isId(ids[token])) return { id: ids[token] };
  return undefined;
}

function isId(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LARGEST_ID;
}

function depthOf(root: unknown): number {
  let level: unknown[] = [root];
  let depth = 0;
  while (level.length > 0 && depth <= DEEPEST) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    depth++;
  }
  return depth;
}

/** By how much all replacements, one behind the other, can lengthen a text. */
function growthOf(normalizer: unknown): number {
  if (typeof normalizer !== "object" || normalizer === null) return 1;
  const { normalizers, content } = normalizer as { readonly normalizers?: unknown; readonly content?: unknown };
  if (Array.isArray(normalizers)) return normalizers.reduce((growth: number, step) => growth * growthOf(step), 1);
  return typeof content === "string" ? Math.max(1, content.length) : 1;
}

function patternsOf(parts: readonly unknown[]): string[] {
  return parts.flatMap((part): string[] => {
    if (typeof part !== "object" || part === null) return [];
    const own = (part as { readonly Regex?: unknown }).Regex;
    return [...(typeof own === "string" ? [own] : []), ...patternsOf(Object.values(part))];
  });
}

/** Longest pattern; those of known tokenizers have up to some 1,500 characters. */
const LONGEST_PATTERN = 20_000;

/** What makes a pattern take time beyond all measure on some text; undefined for those that trainers write. */
function patternFault(pattern: string): string | undefined {
  if (pattern.length > LONGEST_PATTERN) return `a pattern of ${pattern.length} characters`;
  if (hasNestedRepetition(pattern)) return "a repetition of a repetition";
  const competing = competingRepetitions(pattern);
  return competing && `the repetitions of ${competing[0].slice(0, 30)} and ${competing[1].slice(0, 30)} for the same characters`;
}

const UNBOUNDED = /^(?:[*+]|\{\d*,\})/;

/** Checks whether a group that repeats without bound repeats without bound itself: `(a+)+` takes exponential time where it does not match. */
export function hasNestedRepetition(pattern: string): boolean {
  const groups: boolean[] = [false]; // whether each open group repeats something without bound
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === "\\") i++;
    else if (character === "[") i = endOfClass(pattern, i);
    else if (character === "(") groups.push(false);
    else if (character === ")" && groups.length > 1) {
      const repeats = groups.pop()!;
      const isRepeated = UNBOUNDED.test(pattern.slice(i + 1, i + 12));
      if (repeats && isRepeated) return true;
      if (repeats) groups[groups.length - 1] = true;
    } else if (UNBOUNDED.test(pattern.slice(i, i + 12))) groups[groups.length - 1] = true;
  }
  return false;
}

/** An answer and what it says of its variables behind it: `n = 3k`, and that k is an integer. */
export interface Conditioned {
  readonly main: string;
  /** One for each variable that is restricted, as `k∈Z`; none for “for all real x”, which restricts nothing. */
  readonly conditions: readonly string[];
  /** Set if the answer holds only under the condition: “12 if n is odd”. */
  readonly isCase: boolean;
}

const LONGEST = 300;
const ALWAYS = "for (?:all|any|every|each|some)|for|where|with|provided(?: that)?|such that|over";
const CASES = "if|when|whenever|as long as";
const WORDED = new RegExp(`^(.*?[^\\s,;(])[\\s,;]*[\\s,;(](${ALWAYS}|${CASES}) (.+?)\\)?$`, "i");
const FOR_ALL = /^(.*?[^\s,;(])[\s,;(]*(?:\\forall(?![A-Za-z])|∀)(.+?)\)?$/;

/** The place where a value is taken: “12, attained at x = 2”, “12 when x = y = 2”. */
const ATTAINED =
  /^(.*?[^\s,;(])[\s,;(]+(?:(?:which |and )?(?:is |are )?(?:attained|achieved|reached|obtained|occurs|occurring|(?:with )?equality(?: holds)?),? (?:at|when|for|by|in|if|iff|if and only if)|at|when) ((?:[A-Za-z] ?= ?)+|\([A-Za-z](?:, ?[A-Za-z])+\) ?= ?)((?:\\(?:[dt]?frac|sqrt|pi)(?![A-Za-z])|[^=<>A-Za-z,;()]|\([^=<>A-Za-z,;()]*\))+|\([^()=<>A-Za-z;]+\))\)?$/i;

/** The answer without the side condition that it ends with; undefined if it ends with none that can be read. */
export function splitCondition(answer: string): Conditioned | undefined {
  if (answer.length > LONGEST) return undefined;
  const text = flat(answer);
  const forAll = FOR_ALL.exec(text);
  if (forAll) return checked(forAll[1]!, conditionsIn(forAll[2]!), false, false);
  const attained = ATTAINED.exec(text);
  if (attained && (attained[2]!.match(/[A-Za-z]/g) ?? []).every((name) => !hasName(attained[1]!, name)))
    return checked(attained[1]!, [(attained[2]! + attained[3]!).replace(/\s/g, "").replace(/\.$/, "")], false, false);
  const worded = WORDED.exec(text);
  if (worded) {
    const isCase = new RegExp(`^(?:${CASES})$`, "i").test(worded[2]!);
    return checked(worded[1]!, conditionsIn(worded[3]!), isCase, true);
  }
  for (const { main, rest } of endings(text)) {
    const found = checked(main, conditionsIn(rest), false, false);
    if (found && isAbout(main, rest, found.conditions)) return found;
  }
  return undefined;
}

/** Checks whether the conditions of two answers go together: one says nothing, or both say the same. */
export function isCompatible(gold: Conditioned | undefined, prediction: Conditioned | undefined): boolean {
  const [wanted, given] = [gold?.conditions ?? [], prediction?.conditions ?? []];
  if (prediction?.isCase === true && given.length > 0 && wanted.length === 0) return false;
  return wanted.length === 0 || given.length === 0 || wanted.join() === given.join();
}

/** An answer without a side condition. */
export function unconditioned(main: string): Conditioned {
  return { main: flat(main), conditions: [], isCase: false };
}

/** An answer with its one restricted variable under the name of the other's: `nπ, n∈Z` beside `kπ, k∈Z`. */
export function alike(answer: Conditioned | undefined, gold: Conditioned): Conditioned | undefined {
  if (answer === undefined) return undefined;
  const [given, declared] = [answer, gold].map(({ conditions }) =>
    conditions.length === 1 ? /^([A-Za-z])(∈.*)$/.exec(conditions[0]!) : null,
  );
  if (!given) return answer;
  const wanted = declared ?? (gold.conditions.length === 0 ? onlyNameMissing(gold.main, answer.main, given[2]!) : undefined);
  if (!wanted || given[1] === wanted[1] || given[2] !== wanted[2]) return answer;
  if (hasName(gold.main, given[1]!) || hasName(answer.main, wanted[1]!)) return answer;
  const main = answer.main.replace(new RegExp(`\\\\[A-Za-z]+|${given[1]}`, "g"), (found) => (found === given[1] ? wanted[1]! : found));
  return { ...answer, main, conditions: gold.conditions };
}

/** The one variable of a text that another text has not, with its domain: the k of x = 2kπ, but not of the area ab. */
function onlyNameMissing(text: string, other: string, domain: string): readonly [string, string, string] | undefined {
  const names = new Set(text.replace(/\\[A-Za-z]+/g, " ").match(/[A-Za-z]/g));
  const [missing, ...others] = [...names].filter((name) => !hasName(other, name));
  const isParameter =
    missing !== undefined && others.length === 0 && /^[i-nrst]$/.test(missing) && /^[A-Za-z]+ ?=|\\pi(?![a-z])/.test(text);
  return isParameter ? ["", missing, domain] : undefined;
}

function checked(main: string, conditions: readonly string[] | undefined, isCase: boolean, isWorded: boolean): Conditioned | undefined {
  if (conditions === undefined || main.trim() === "" || !isBalanced(main) || /\b(?:if|otherwise|else|when)\b/i.test(main)) return undefined;
  const names = conditions.map((condition) => /^[^∈<>≤≥≠=]+/.exec(condition)![0]);
  // “12 for odd n” holds in a case only; of a variable in the answer it is a domain.
  const isCaseHere = isCase || (isWorded && names.some((name) => !hasName(main, name)));
  return { main: main.trim(), conditions, isCase: isCaseHere };
}

/** Checks whether what stands behind a comma or in brackets is a domain of a variable in the answer, and no part of the answer. */
function isAbout(main: string, rest: string, conditions: readonly string[]): boolean {
  const names = rest.match(/(?<![\\A-Za-z])[A-Za-z](?![A-Za-z])/g) ?? [];
  if (conditions.length === 0) return names.some((name) => hasName(main, name));
  if (/[<>≤≥]|\\(?:le|ge|ne|in|lt|gt)(?:q|qslant)?(?![A-Za-z])/.test(main)) return false; // both together make the answer
  return conditions.every((condition) => {
    const name = /^[^∈<>≤≥≠=]+/.exec(condition)![0];
    return hasName(main, name) && !new RegExp(`^${name} *=`).test(main);
  });
}

function hasName(text: string, name: string): boolean {
  return (
    new RegExp(`(?<![\\\\A-Za-z])${name}(?![A-Za-z])|(?<=\\d)${name}`).test(text.replace(/\\[A-Za-z]+/g, " ")) ||
    text.replace(/\\[A-Za-z]+/g, " ").includes(name)
  );
}

/** Commas, semicolons and brackets, outside all others, behind which the end of an answer may be a condition: the first one first. */
function endings(text: string): { readonly main: string; readonly rest: string }[] {
  const found: { main: string; rest: string }[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (depth === 0 && (character === "," || character === ";")) found.push({ main: text.slice(0, i), rest: text.slice(i + 1) });
    if (depth === 0 && character === "(" && text.endsWith(")")) found.push({ main: text.slice(0, i), rest: text.slice(i + 1, -1) });
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
  }
  return found.reverse();
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text) depth += "([{".includes(character) ? 1 : ")]}".includes(character) ? -1 : 0;
  return depth === 0 || /[[(][^()[\]]*,[^()[\]]*[\])]/.test(text); // half-open intervals
}

/** Without commands for text and space, so that words stand beside formulas. */
function flat(text: string): string {
  return text
    .replace(/\\(?:text|textrm|textnormal|textit|mbox|mathrm)\{([^{}]*)\}/g, " $1 ")
    .replace(/\\(?:quad|qquad)(?![A-Za-z])|\\[ ,;:!]|[$~]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

const NAMES = String.raw`[A-Za-z](?:_\{?\w+\}?)?(?: ?(?:,|and) ?[A-Za-z](?:_\{?\w+\}?)?)*`;
const KINDS = String.raw`(?:(?:an?|any|some|all|every|each|arbitrary|fixed|the|given) )*((?:(?:positive|negative|non-?negative|non-?zero|real|complex|natural|whole|rational|odd|even|prime|arbitrary) )*)(integers?|numbers?|reals?|constants?|naturals?|values?(?: of)?|scalars?|parameters?|odd|even|prime|real|natural|arbitrary|positive)`;
const KIND_THEN_NAMES = new RegExp(`^${KINDS} (${NAMES})$`);
const NAMES_THEN_KIND = new RegExp(`^(${NAMES})(?: is| are| being)? ${KINDS}$`);
const BARE_NAMES = new RegExp(`^(?:(?:all|any|every|each|some) )*(${NAMES})$`);
const MEMBER = new RegExp(`^(?:(?:all|any|every|each|some|constants?|integers?|real) )*(${NAMES}) ?(?:\\\\in(?![A-Za-z])|∈) ?(.+)$`);
const RELATION = new RegExp(
  `^(?:(?:all|any|every|each|some|integers?) )*(${NAMES}) ?(<|>|=|≤|≥|≠|\\\\(?:le|ge|ne|lt|gt)(?:q|qslant)?(?![A-Za-z])) ?(.+)$`,
);

/** The conditions in a text, by variable and in order; undefined if it is something else. */
function conditionsIn(text: string): string[] | undefined {
  const whole = conditionOf(text.trim());
  if (whole) return whole.sort();
  const parts = text.split(/,? and |[,;] ?/).map((part) => conditionOf(part.trim()));
  return parts.length > 1 && parts.every((part) => part !== undefined) ? parts.flat().sort() : undefined;
}

function conditionOf(text: string): string[] | undefined {
  const plain = text.replace(/^(?:the )?(?:constants?|variables?|parameters?) (?=[A-Za-z] )/, "");
  const bare = BARE_NAMES.exec(plain);
  if (bare) return [];
  const kind = KIND_THEN_NAMES.exec(plain);
  if (kind) return restricted(kind[3]!, kindOf(`${kind[1]}${kind[2]}`));
  const named = NAMES_THEN_KIND.exec(plain);
  if (named) return restricted(named[1]!, kindOf(`${named[2]}${named[3]}`));
  const member = MEMBER.exec(plain);
  if (member) return restricted(member[1]!, setOf(member[2]!));
  const relation = RELATION.exec(plain);
  return relation ? restricted(relation[1]!, relationOf(relation[2]!, relation[3]!)) : undefined;
}

function restricted(names: string, condition: string | undefined): string[] | undefined {
  if (condition === undefined) return undefined;
  return condition === "" ? [] : names.split(/ ?(?:,|and) ?/).map((name) => name + condition);
}

/** Meaning of words for a number; nothing where it may be any real one. */
function kindOf(words: string): string {
  const has = (word: RegExp) => word.test(words);
  if (has(/odd|even|prime|rational|complex|non-?zero/)) return `∈${words.trim().replace(/s$/, "")}`;
  if (has(/natural/) || (has(/positive/) && has(/integer|whole/))) return "∈N";
  if (has(/non-?negative/) && has(/integer|whole/)) return "∈N0";
  if (has(/negative|positive/)) return has(/negative/) ? `∈${words.trim().replace(/s$/, "")}` : ">0";
  return has(/integer|whole/) ? "∈Z" : "";
}

function setOf(set: string): string | undefined {
  const bare = set.replace(/\\(?:mathbb|mathbf|bf|Bbb) ?/g, "").replace(/[{}\s]/g, "").replace(/[.]$/, ""); // prettier-ignore
  const plain = { ℤ: "Z", ℕ: "N", ℝ: "R", "\\R": "R", "\\Z": "Z", "\\N": "N", ℚ: "Q", ℂ: "C" }[bare] ?? bare;
  if (plain === "R") return "";
  if (/^Z(?:\^\+|_\+|\^>0|_>0|_≥1|_\\ge1|_\\geq1)$|^N(?:\^\*|_\*|\^\+|_\+|_1)?$/.test(plain)) return "∈N";
  if (/^(?:N_0|Z_≥0|Z_\\geq?0|Z\^≥0|N\\cup\\0\\)$/.test(plain)) return "∈N0";
  return /^[A-Z]$/.test(plain) || /^[[(].*,.*[\])]$/.test(plain) ? `∈${plain}` : undefined;
}

const SIGNS: Readonly<Record<string, string>> = {
  le: "≤",
  leq: "≤",
  leqslant: "≤",
  ge: "≥",
  geq: "≥",
  geqslant: "≥",
  ne: "≠",
  neq: "≠",
  lt: "<",
  gt: ">",
};

function relationOf(sign: string, value: string): string | undefined {
  const end = value.replace(/\s/g, "");
  const symbol = SIGNS[sign.slice(1)] ?? sign;
  if (symbol === "=") {
    if (!/(?:\\[lc]?dots|\.\.\.|…)\.?$/.test(end)) return undefined;
    if (end.includes("\\pm") || end.includes("-1")) return "∈Z";
    return end.startsWith("1,2,") ? "∈N" : end.startsWith("0,1,") ? "∈N0" : undefined;
  }
  if (!/^[-\w.\\/{}^+]+$/.test(end)) return undefined;
  if ((symbol === "≥" && end === "1") || (symbol === ">" && end === "0")) return ">0";
  return symbol + end;
}

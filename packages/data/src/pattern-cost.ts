/** A part of a pattern with how often it may stand there. */
interface Item {
  /** Its text without the count behind it. */
  readonly atom: string;
  readonly min: number;
  readonly isUnbounded: boolean;
  /** It never gives back what it took: `a++`. */
  readonly isPossessive: boolean;
  /** Alternatives of a group that stands once or not at all. */
  readonly group?: readonly (readonly Item[])[];
  readonly isLookaround: boolean;
}

/** Ways through a pattern that are looked at; a pattern with more is refused, for no tokenizer has that many. */
const MOST_WAYS = 4_096;

/**
 * The repetitions of a pattern that take each other's characters and must then give them back, because something has to follow: two in
 * a row, as in `a*a*b`, take time with the square of a text's length at every place of it, k take its k-th power. Undefined where no two
 * repetitions do so, as in the patterns of all known tokenizers.
 */
export function competingRepetitions(pattern: string): readonly [string, string] | undefined {
  const [alternatives] = parseAlternatives(pattern, 0);
  for (const sequence of alternatives) {
    for (const way of waysOf(sequence, false)) {
      for (const [index, first] of way.entries()) {
        const second = way.slice(index + 1).find((other) => canBothTake(first, other));
        if (second !== undefined) return [first, second];
      }
    }
  }
  return undefined;
}

/** Per way through a sequence, the repetitions behind which something must follow. */
function waysOf(sequence: readonly Item[], isFollowed: boolean): string[][] {
  let ways: string[][] = [[]];
  let mustFollow = isFollowed;
  for (const item of sequence.toReversed()) {
    const followed = mustFollow;
    if (item.group !== undefined) {
      const inner = item.group.flatMap((alternative) => waysOf(alternative, followed && !item.isLookaround));
      ways = inner.flatMap((before) => ways.map((after) => [...before, ...after]));
      if (ways.length > MOST_WAYS) return [[pattern(sequence), pattern(sequence)]];
    } else if (item.isUnbounded && !item.isPossessive && followed) ways = ways.map((after) => [item.atom, ...after]);
    mustFollow ||= item.min > 0;
  }
  return ways;
}

function pattern(sequence: readonly Item[]): string {
  return sequence.map(({ atom }) => atom).join("");
}

/** Characters of all kinds that patterns of tokenizers tell apart. */
const SAMPLE = [
  ...Array.from({ length: 0x250 }, (_, code) => String.fromCodePoint(code)),
  ..."ʰǅ́ͅαЖאب१०ทあ漢カ가０Ⅻ²€™→ ​\u2028\u3000。！？…，ª\u{1F600}\u{10400}\u{20000}",
];

function canBothTake(first: string, second: string): boolean {
  const [a, b] = [takerOf(first), takerOf(second)];
  return SAMPLE.some((character) => a(character) && b(character));
}

const takers = new Map<string, (character: string) => boolean>();

/** Whether an atom takes a character, or begins or ends with it; of one that cannot be read: always. */
function takerOf(atom: string): (character: string) => boolean {
  let taker = takers.get(atom);
  if (taker === undefined) {
    try {
      const whole = new RegExp(`^(?:${atom})$`, "u");
      const isClass = /^(?:\[|\\|.$)/su.test(atom);
      taker = isClass ? (character) => whole.test(character) : () => true;
    } catch {
      taker = () => true;
    }
    takers.set(atom, taker);
  }
  return taker;
}

/** Alternatives up to a closing parenthesis or the end, and the index behind them. */
function parseAlternatives(text: string, start: number): [readonly (readonly Item[])[], number] {
  const alternatives: Item[][] = [[]];
  let at = start;
  while (at < text.length && text[at] !== ")") {
    if (text[at] === "|") {
      alternatives.push([]);
      at++;
      continue;
    }
    const [item, next] = parseItem(text, at);
    alternatives.at(-1)!.push(item);
    at = next;
  }
  return [alternatives, at + 1];
}

function parseItem(text: string, start: number): [Item, number] {
  let end: number;
  let group: readonly (readonly Item[])[] | undefined;
  let isLookaround = false;
  if (text[start] === "(") {
    const head = /^\((?:\?(?:<?[=!]|<[^>]*>|[a-z-]*:|>))?/i.exec(text.slice(start))![0];
    isLookaround = /[=!]$/.test(head);
    [group, end] = parseAlternatives(text, start + head.length);
  } else if (text[start] === "[") end = endOfClass(text, start) + 1;
  else if (text[start] === "\\")
    end = start + (/^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-f]{4}|x[0-9a-f]{2}|.)/isu.exec(text.slice(start))?.[0].length ?? 1);
  else end = start + String.fromCodePoint(text.codePointAt(start)!).length;
  const atom = text.slice(start, end);
  const count = /^(?:[*+?]|\{\d*,?\d*\})([+?]?)/.exec(text.slice(end));
  const times = count === null ? "" : count[0].slice(0, count[0].length - count[1]!.length);
  const isUnbounded = /^(?:[*+]|\{\d*,\})$/.test(times);
  const min = times === "" || times === "+" ? 1 : times === "*" || times === "?" ? 0 : Number(/^\{(\d*)/.exec(times)![1] || 0);
  const isPossessive = count?.[1] === "+" && !times.startsWith("{");
  return [
    {
      atom,
      min: /^[\^$]$|^\\[bBAzZG]$/.test(atom) ? 1 : min,
      isUnbounded,
      isPossessive,
      isLookaround,
      ...(group && !isUnbounded && { group }),
    },
    end + (count?.[0].length ?? 0),
  ];
}

/** Index of the bracket that closes a character class, classes within it passed over. */
export function endOfClass(pattern: string, start: number): number {
  let depth = 0;
  for (let i = start; i < pattern.length; i++) {
    if (pattern[i] === "\\") i++;
    else if (pattern[i] === "[" && (depth === 0 || pattern[i + 1] === "^" || pattern[i - 1] === "&")) depth++;
    else if (pattern[i] === "]" && i > start + 1 && --depth === 0) return i;
  }
  return pattern.length;
}

/** A learned vocabulary: the letters first, then what the merges make. */
export interface LearnedMerges {
  readonly tokens: readonly string[];
  /** In the order in which an encoder applies them. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

/** Limits at which {@link learnMerges} stops. */
export interface LearnMergesOptions {
  /** Number of tokens to reach, letters included. */
  readonly maxTokens: number;
  /** Pairs seen less often are not merged. */
  readonly minFrequency: number;
}

interface Word {
  symbols: number[];
  readonly count: number;
}

interface Candidate {
  readonly key: number;
  readonly count: number;
  readonly left: string;
  readonly right: string;
}

const KEY_BASE = 2 ** 24;

/**
 * Byte-pair encoding: again and again makes one token of the most frequent pair of neighbours.
 *
 * See Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (https://arxiv.org/abs/1508.07909),
 * algorithm 1. Counts are kept up to date word by word instead of being counted anew, and of equally frequent pairs the
 * lexicographically first is taken, so that equal texts give equal vocabularies.
 *
 * @param pieces - how often each piece occurs; merges never cross pieces.
 * @param letters - the tokens to begin with; every character of a piece is one of them.
 */
export function learnMerges(
  pieces: ReadonlyMap<string, number>,
  letters: readonly string[],
  { maxTokens, minFrequency }: LearnMergesOptions,
): LearnedMerges {
  const tokens = [...letters];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words: Word[] = Array.from(pieces, ([piece, count]) => ({ symbols: Array.from(piece, (letter) => idOf.get(letter)!), count }));
  const merges: (readonly [string, string])[] = [];
  const pairs = new PairCounts(words, tokens);
  while (tokens.length < maxTokens) {
    const best = pairs.takeMostFrequent();
    if (best === undefined || best.count < minFrequency) break;
    const { left, right, key } = best;
    merges.push([left, right]);
    // The same token may be made in two ways: "a" + "bc" and "ab" + "c".
    const token = left + right;
    const id = idOf.get(token) ?? tokens.push(token) - 1;
    idOf.set(token, id);
    pairs.merge(key, id);
  }
  return { tokens, merges };
}

/** Counts of all pairs of neighbours, by word, with the most frequent at hand. */
class PairCounts {
  readonly #words: readonly Word[];
  readonly #tokens: readonly string[];
  readonly #counts = new Map<number, number>();
  readonly #wordsWith = new Map<number, Set<Word>>();
  /** Entries whose count has changed since are stale and skipped when taken. */
  readonly #queue = new CandidateHeap();

  constructor(words: readonly Word[], tokens: readonly string[]) {
    this.#words = words;
    this.#tokens = tokens;
    const changed = new Set<number>();
    for (const word of this.#words) this.#add(word, 1, changed);
    this.#queueAll(changed);
  }

  takeMostFrequent(): Candidate | undefined {
    let candidate = this.#queue.take();
    while (candidate !== undefined && this.#counts.get(candidate.key) !== candidate.count) candidate = this.#queue.take();
    return candidate;
  }

  /** Replaces the pair by the token `id` in every word. */
  merge(key: number, id: number): void {
    const changed = new Set<number>();
    const left = Math.floor(key / KEY_BASE);
    const right = key % KEY_BASE;
    const affected = this.#wordsWith.get(key) ?? new Set<Word>();
    this.#wordsWith.delete(key);
    for (const word of affected) {
      this.#add(word, -1, changed);
      word.symbols = mergeSymbols(word.symbols, left, right, id);
      this.#add(word, 1, changed);
    }
    this.#queueAll(changed);
  }

  #add(word: Word, sign: 1 | -1, changed: Set<number>): void {
    for (let i = 0; i + 1 < word.symbols.length; i++) {
      const key = word.symbols[i]! * KEY_BASE + word.symbols[i + 1]!;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + sign * word.count);
      changed.add(key);
      if (sign === -1) continue;
      const words = this.#wordsWith.get(key);
      if (words === undefined) this.#wordsWith.set(key, new Set([word]));
      else words.add(word);
    }
  }

  #queueAll(keys: ReadonlySet<number>): void {
    for (const key of keys) {
      const count = this.#counts.get(key)!;
      const left = this.#tokens[Math.floor(key / KEY_BASE)]!;
      const right = this.#tokens[key % KEY_BASE]!;
      if (count > 0) this.#queue.add({ key, count, left, right });
      else this.#counts.delete(key);
    }
  }
}

function mergeSymbols(symbols: readonly number[], left: number, right: number, id: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const isPair = symbols[i] === left && symbols[i + 1] === right;
    merged.push(isPair ? id : symbols[i]!);
    if (isPair) i++;
  }
  return merged;
}

/** Binary heap; the first candidate is the most frequent, then the lexicographically smallest. */
class CandidateHeap {
  readonly #items: Candidate[] = [];

  add(item: Candidate): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  take(): Candidate | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++;
      if (child >= items.length || !isBefore(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return first;
  }
}

function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left === b.left ? a.right < b.right : a.left < b.left;
}

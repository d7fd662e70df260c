/** Words in a row that two texts must share to count as alike: those of Brown et al., "Language Models are Few-Shot Learners" (https://arxiv.org/abs/2005.14165), appendix C. */
const WORDS_IN_A_ROW = 13;

/** Test texts that training has as well, by index. */
export interface Overlap {
  /** The same words and numbers in the same order, whatever case and punctuation. */
  readonly same: readonly number[];
  /** Others that share so many words in a row with a training text. */
  readonly alike: readonly number[];
}

/**
 * Finds test texts that are among training texts. A word is a run of letters and digits in lower case; numbers count as words, so that
 * the same sentence with other numbers is another one.
 *
 * @param training - gone through once; nothing of it is kept.
 * @param options - `wordsInARow`, how many words in a row two texts share to be alike; 13.
 */
export function findOverlap(
  training: Iterable<string>,
  test: readonly string[],
  { wordsInARow = WORDS_IN_A_ROW }: { readonly wordsInARow?: number } = {},
): Overlap {
  const wholes = new Map<string, number[]>();
  const runs = new Map<string, number[]>();
  for (const [index, text] of test.entries()) {
    const words = wordsOf(text);
    listIn(wholes, words.join(" ")).push(index);
    for (const run of runsOf(words, wordsInARow)) listIn(runs, run).push(index);
  }
  const [same, alike] = [new Set<number>(), new Set<number>()];
  for (const text of training) {
    const words = wordsOf(text);
    for (const index of wholes.get(words.join(" ")) ?? []) same.add(index);
    for (const run of runsOf(words, wordsInARow)) for (const index of runs.get(run) ?? []) alike.add(index);
  }
  const sorted = (indices: Iterable<number>) => [...indices].sort((a, b) => a - b);
  return { same: sorted(same), alike: sorted([...alike].filter((index) => !same.has(index))) };
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

function* runsOf(words: readonly string[], length: number): Generator<string> {
  for (let from = 0; from + length <= words.length; from++) yield words.slice(from, from + length).join(" ");
}

function listIn(map: Map<string, number[]>, key: string): number[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

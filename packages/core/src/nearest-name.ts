/**
 * The known name that a misspelt one most likely means: the one with the fewest insertions, deletions and replacements (Levenshtein),
 * whatever the case of letters.
 *
 * @param maxDistance - names that need more edits are no suggestion.
 */
export function nearestName(wanted: string, known: readonly string[], maxDistance = 2): string | undefined {
  let nearest: string | undefined;
  let fewest = maxDistance + 1;
  for (const name of known) {
    const edits = editDistance(wanted.toLowerCase(), name.toLowerCase());
    if (edits < fewest) [nearest, fewest] = [name, edits];
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

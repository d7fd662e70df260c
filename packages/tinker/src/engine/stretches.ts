/** Places of the rows in some requests that follow one another. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Groups requests of so many rows each, in order, at most so many requests together. */
export function stretches(sizes: readonly number[], most: number): Stretch[] {
  const found: Stretch[] = [];
  let start = 0;
  for (let first = 0; first < sizes.length; first += most) {
    const end = sizes.slice(first, first + most).reduce((sum, size) => sum + size, start);
    found.push({ start, end });
    start = end;
  }
  return found;
}

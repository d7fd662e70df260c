/** Tokens that two sequences begin with alike, counted one by one. */
export function sharedLength(a: readonly number[], b: readonly number[]): number {
  let shared = 0;
  while (shared < Math.min(a.length, b.length) && a[shared] === b[shared]) shared++;
  return shared;
}

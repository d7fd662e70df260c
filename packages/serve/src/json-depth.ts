/** As for bodies: what is deeper stays text, because what walks through it calls itself at each level. */
const MOST_LEVELS = 100;

/** Whether a JSON value has more levels than may be walked through. */
export function isDeep(root: unknown): boolean {
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return true;
    level = level.flatMap((value): unknown[] => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
  return false;
}

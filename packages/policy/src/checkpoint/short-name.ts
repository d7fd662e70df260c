const LONGEST = 100;

/** A name out of a file, for a message: a hostile file has names of megabytes. */
export function shortName(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
}

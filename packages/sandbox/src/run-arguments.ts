import { InputError } from "@retool-ts/core";

/** Most sessions one call of `fork` makes. */
const MAX_FORKS = 10_000;

/** Code often comes from parsed tool calls, where the types promise more than the data holds. */
export function assertCode(code: unknown): void {
  if (typeof code === "string") return;
  throw problem("code", "a string", code === null ? "null" : typeof code, "pass the code as text");
}

/** Gives a seed back, or throws when it is no whole number. */
export function checkedSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw problem("seed", "a whole number from 0 to 2^53 - 1", String(seed), "choose a whole number");
}

/** Throws when a number of forks is out of range. */
export function assertForkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0 && count <= MAX_FORKS) return;
  throw problem("fork", `a whole number from 0 to ${MAX_FORKS}`, String(count), "choose a number in that range");
}

/** @param cores - of this machine, where they are known. */
export function assertWorkers(workers: number, cores?: number): void {
  if (Number.isSafeInteger(workers) && workers >= 1 && workers <= 64) return;
  const machine = cores === undefined ? "" : ` (this machine has ${cores} cores)`;
  throw problem("workers", `a whole number from 1 to 64${machine}`, String(workers), "choose the cores less one");
}

function problem(where: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "sandbox", where, expected, found, fix });
}

import { InputError } from "@retool-ts/core";

/**
 * Most that one run may use. `fuel`, `memoryBytes`, `stackBytes`, `outputChars` and `codeChars` are counted, so the same
 * code meets them at the same point on every machine; `wallMs` and `graceMs` are the outer guard.
 */
export interface Limits {
  /**
   * Ticks; one is 10 000 branches or calls of the code, or a million turns of loops and calls inside the engine, whichever is more: about
   * 0.3 ms of a plain loop, 1 to 4 ms of a built-in. Beyond: status `fuel`.
   */
  readonly fuel: number;
  /**
   * Wall time in milliseconds after which the next tick stops the run: status `timeout`, which says something of the machine and nothing
   * of the code. Leave it at ten times what `fuel` can take, 40 ms a tick.
   */
  readonly wallMs: number;
  /** Milliseconds after `wallMs` at which the worker is killed: status `timeout` as well. */
  readonly graceMs: number;
  /** Bytes of linear memory, rounded up to 64 KiB; at least the engine's own 16 MiB. Beyond: status `oom`. */
  readonly memoryBytes: number;
  /** Bytes of the guest's stack, at most 512 KiB. Beyond: status `stack` when the code does not catch the error. */
  readonly stackBytes: number;
  /** UTF-16 units of stdout, stderr and value together. More on the streams: status `output`. */
  readonly outputChars: number;
  /** UTF-16 units of code. Longer code is not run: status `error`. */
  readonly codeChars: number;
}

/** Fuel is used up ten times before `wallMs`, so that verdicts do not depend on the machine or its load. */
export const DEFAULT_LIMITS: Limits = {
  fuel: 2_500,
  wallMs: 100_000,
  graceMs: 500,
  memoryBytes: 64 * 2 ** 20,
  stackBytes: 256 * 2 ** 10,
  outputChars: 8_192,
  codeChars: 65_536,
};

const RANGES: Readonly<Record<keyof Limits, readonly [least: number, most: number]>> = {
  fuel: [1, 1e9],
  wallMs: [1, 3_600_000],
  graceMs: [10, 3_600_000],
  memoryBytes: [16 * 2 ** 20, 2 ** 30],
  stackBytes: [16 * 2 ** 10, 512 * 2 ** 10],
  outputChars: [1, 2 ** 20],
  codeChars: [1, 2 ** 20],
};

/** Lays `overrides` over `base` and checks every field; throws {@link InputError} on a number out of range. */
export function resolveLimits(overrides: Partial<Limits> = {}, base: Limits = DEFAULT_LIMITS): Limits {
  const limits = { ...base };
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const range = Object.hasOwn(RANGES, key) ? RANGES[key as keyof Limits] : undefined;
    if (range === undefined)
      throw problem(key, `one of ${Object.keys(RANGES).join(", ")}`, "an unknown limit", "remove it or mend its name");
    const [least, most] = range;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw problem(key, `a whole number from ${least} to ${most}`, String(value), `choose a number in that range`);
    }
    limits[key as keyof Limits] = value;
  }
  return limits;
}

function problem(key: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "sandbox", where: `limits.${key}`, expected, found, fix });
}

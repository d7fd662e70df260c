/** Settings of retries. */
export interface RetryPolicy {
  /** Tries after the first; default 8. */
  readonly retries: number;
  /** Longest wait before the first retry, in milliseconds; it doubles from try to try. Default 500. */
  readonly firstMs: number;
  /** Longest wait of all; default 30,000. */
  readonly longestMs: number;
}

/** 8 retries within about two minutes. */
export const DEFAULT_RETRIES: RetryPolicy = { retries: 8, firstMs: 500, longestMs: 30_000 };

/**
 * Milliseconds to wait before a retry: at random between half and all of a bound that doubles, so that clients that failed together do not
 * come back together. A server's `Retry-After` is waited for in any case.
 *
 * @param attempt - 0 before the first retry.
 */
export function backOffMs(
  attempt: number,
  { firstMs, longestMs }: RetryPolicy,
  { random, retryAfterMs = 0 }: { readonly random: () => number; readonly retryAfterMs?: number | undefined },
): number {
  const bound = Math.min(longestMs, firstMs * 2 ** attempt);
  return Math.max(retryAfterMs, bound * (0.5 + 0.5 * random()));
}

/** Milliseconds that a `Retry-After` header asks for: seconds or a date; undefined where it says neither. */
export function retryAfterMs(header: string | null, wallClock: () => number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return seconds < 0 ? undefined : 1_000 * seconds;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallClock());
}

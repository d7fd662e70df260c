import type { Interval } from "./student-interval.js";

/** `91.0 %`. */
export function percentText(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A mean share with its 95 % interval: `91.0 ± 2.3 %`; without the interval where there is one seed. */
export function shareText({ mean, halfWidth }: Interval): string {
  return halfWidth === null ? percentText(mean) : `${(100 * mean).toFixed(1)} ± ${(100 * halfWidth).toFixed(1)} %`;
}

/** A mean with its interval: `26.1 ± 0.4`. */
export function numberText({ mean, halfWidth }: Interval, digits = 1): string {
  return halfWidth === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}`;
}

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

/** `1, 2 and 3`. */
export function listText(items: readonly (string | number)[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

/** A difference of shares in points: `+3.2 points`. */
export function pointsText(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(1)} points`;
}

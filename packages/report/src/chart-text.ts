import { markup, type Html } from "./markup.js";
import type { ChartUnit, Point, Series } from "./series.js";
import { percent } from "./phase-title.js";
import { shortNumber } from "./scale.js";
import { renderTable } from "./table.js";

/** Rows of a chart's table; of more steps, so many at even distances. */
const MOST_ROWS = 11;

/** A value as a chart tells it; a dash for none. */
export function valueText(y: number | undefined, unit: ChartUnit): string {
  if (y === undefined || !Number.isFinite(y)) return "–";
  return unit === "share" ? percent(y) : shortNumber(y);
}

/** A point's value as a chart tells it, with its interval. */
export function pointText({ y, interval }: Pick<Point, "y" | "interval">, unit: ChartUnit): string {
  const value = valueText(y, unit);
  return interval === undefined ? value : `${value} (${valueText(interval[0], unit)} to ${valueText(interval[1], unit)})`;
}

/** A chart in words, for those who do not see it: of each line its ends and its extremes. */
export function describeChart(series: readonly Series[], { title, unit, x }: { title: string; unit: ChartUnit; x: string }): string {
  const sentences = series.flatMap(({ name, points }) => {
    const known = points.filter(({ y }) => Number.isFinite(y));
    const [first, last] = [known[0], known.at(-1)];
    if (first === undefined || last === undefined) return [`${name}: no value.`];
    const at = (point: Point) => `${pointText(point, unit)} at ${x} ${point.x}`;
    if (known.length === 1) return [`${name}: ${at(first)}.`];
    const low = known.reduce((best, point) => (point.y < best.y ? point : best));
    const high = known.reduce((best, point) => (point.y > best.y ? point : best));
    return [`${name}: from ${at(first)} to ${at(last)}; lowest ${at(low)}, highest ${at(high)}.`];
  });
  return [`${title}.`, ...sentences].join(" ");
}

/** A chart's values as a table that unfolds, at no more than eleven steps. */
export function chartTable(series: readonly Series[], { title, unit, x }: { title: string; unit: ChartUnit; x: string }): Html {
  const values = series.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  const all = values.length === 1 ? values[0]!.keys() : new Set(values.flatMap((map) => [...map.keys()]));
  const steps = [...all].sort((a, b) => a - b);
  const shown = steps.length <= MOST_ROWS ? steps : Array.from({ length: MOST_ROWS }, (_, i) => steps[Math.round((i * (steps.length - 1)) / (MOST_ROWS - 1))]!); // prettier-ignore
  const rows = shown.map((step) => [step, ...values.map((map) => pointText(map.get(step) ?? { y: Number.NaN }, unit))]);
  const note = steps.length > MOST_ROWS ? `, ${MOST_ROWS} of ${steps.length} steps` : "";
  return markup`<details class="values">
    <summary>Values${note}</summary>
    ${renderTable([x, ...series.map(({ name }) => name)], rows, { label: `Values of ${title}`, kind: "narrow" })}
  </details>`;
}

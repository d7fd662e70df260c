import { describeChart, pointText } from "./chart-text.js";
import { percent } from "./phase-title.js";
import { niceScale, shortNumber } from "./scale.js";
import type { ChartUnit, Point, Series } from "./series.js";

/** Texts of a chart, and how its lines are drawn. */
export interface LineChartOptions {
  readonly title: string;
  readonly unit: ChartUnit;
  /** What the vertical axis counts, with its unit; the title by default. */
  readonly axis?: string;
  /** What the horizontal axis counts, `step` by default. */
  readonly x?: string;
  /** Draw a trailing mean over many noisy steps: over a twentieth of the points, or over so many of them. */
  readonly smooth: boolean | number;
  /** Steps at which something began, and what. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

/** A point with its value in words. A value that is not finite is null, and leaves a gap. */
export interface DescribedPoint {
  readonly x: number;
  readonly y: number | null;
  readonly text: string;
  readonly interval?: readonly [low: number, high: number];
}

/** A line of a {@link ChartDescription}. */
export interface DescribedLine {
  readonly name: string;
  /** Which of the six colours and dashes. */
  readonly style: number;
  /** Drawn thin, behind what matters. */
  readonly isFaint: boolean;
  readonly points: readonly DescribedPoint[];
  /** The trailing mean, drawn strong over the points. */
  readonly mean?: readonly { readonly x: number; readonly y: number }[];
}

/** All that a chart shows, before anything is drawn: the static SVG and the live chart draw the same one. It is plain data. */
export interface ChartDescription {
  /** The whole chart in words. */
  readonly words: string;
  /** Names of the axes. */
  readonly axis: string;
  readonly x: string;
  /** Ends of the horizontal axis. */
  readonly steps: readonly [first: number, last: number];
  /** Ends of the vertical axis, and where it has a number. */
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly { readonly y: number; readonly label: string }[];
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  readonly lines: readonly DescribedLine[];
}

/** More points than these are thinned out; a screen shows no more. */
const MOST_POINTS = 300;
/** From so many points on, single steps are faint and their trailing mean is drawn over them. */
const SMOOTH_FROM = 30;
const STYLES = 6;

/** Describes lines over steps; undefined where no value is finite. */
export function chartDescription(series: readonly Series[], options: LineChartOptions): ChartDescription | undefined {
  const { title, unit, axis = title, x = "step", smooth, marks = [] } = options;
  const lines = series.map(({ name, points, style, isFaint = false }, index) => ({
    name,
    style: (style ?? index) % STYLES,
    isFaint,
    points: thin(points).map((point) => describedPoint(point, unit)),
    ...(smooth === false || points.length < SMOOTH_FROM ? {} : { mean: trailingMean(points, smooth) }),
  }));
  const points = lines.flatMap((line) => line.points);
  const values = points.flatMap(({ y, interval = [] }) => (y === null ? [] : [y, ...interval]));
  if (values.length === 0) return undefined;
  const [low, high] = range(values);
  const [first, last] = range(points.map((point) => point.x));
  const isPlainShare = unit === "share" && low >= 0 && high <= 1;
  const scale = isPlainShare ? { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1] } : niceScale(low, high);
  return {
    words: describeChart(series, { title, unit, x }),
    axis,
    x,
    steps: [first, last],
    low: scale.low,
    high: scale.high,
    ticks: scale.ticks.map((y) => ({ y, label: unit === "share" ? percent(y, 0) : shortNumber(y) })),
    marks: marks.filter((mark) => mark.x > first && mark.x <= last).map((mark) => ({ x: mark.x, label: mark.label.slice(0, 24) })),
    lines,
  };
}

function describedPoint(point: Point, unit: ChartUnit): DescribedPoint {
  const { x, y, interval } = point;
  const isFinite = Number.isFinite(y);
  return { x, y: isFinite ? y : null, text: pointText(point, unit), ...(interval === undefined || !isFinite ? {} : { interval }) };
}

function range(values: readonly number[]): [low: number, high: number] {
  return values.reduce<[number, number]>(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [values[0]!, values[0]!]);
}

/** Mean over the last so many points, at the points that are drawn; by default over a twentieth, at least five. Not over what is not finite. */
function trailingMean(points: readonly Point[], smooth: true | number): Point[] {
  const window = smooth === true ? Math.max(5, Math.round(points.length / 20)) : Math.max(1, Math.round(smooth));
  return thin(points.map((_, index) => index)).map((index) => {
    const part = points.slice(Math.max(0, index - window + 1), index + 1).filter(({ y }) => Number.isFinite(y));
    return { x: points[index]!.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}

/** Every second, third … of more items than a screen shows, and the last. */
function thin<T>(items: readonly T[]): readonly T[] {
  const stride = Math.ceil(items.length / MOST_POINTS);
  return stride <= 1 ? items : items.filter((_, i) => i % stride === 0 || i === items.length - 1);
}

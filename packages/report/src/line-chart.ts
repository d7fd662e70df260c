import type { ChartUnit, Point, Series } from "./series.js";
import { describeChart, pointText } from "./chart-text.js";
import { markup, type Html } from "./markup.js";
import { percent } from "./phase-title.js";
import { niceScale, shortNumber } from "./scale.js";

/** Texts and size of a chart. */
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

const WIDTH = 360;
const HEIGHT = 214;
const LEFT = 46;
const RIGHT = 10;
const TOP = 26;
const BOTTOM = 38;
/** More points than these are thinned out; a screen shows no more. */
const MOST_POINTS = 300;
/** From so many points on, single steps are faint and their trailing mean is drawn over them. */
const SMOOTH_FROM = 30;

/** Lines over steps as one SVG, with its numbers in `data-series` for the readout, and itself in words. */
export function lineChart(series: readonly Series[], options: LineChartOptions): Html {
  const { title, unit, axis = title, x: xName = "step", smooth, marks = [] } = options;
  const shown = series.map((line, index) => ({
    ...line,
    style: (line.style ?? index) % 6,
    points: thin(line.points),
    mean: smooth === false || line.points.length < SMOOTH_FROM ? undefined : trailingMean(line.points, smooth),
  }));
  const finite = shown.flatMap(({ points }) => points).filter(({ y }) => Number.isFinite(y));
  if (finite.length === 0) return markup`<p class="empty">No finite value was logged.</p>`;
  const [lowY, highY] = range(finite.flatMap(({ y, interval = [y, y] }) => [y, ...interval]));
  const [firstX, lastX] = range(shown.flatMap(({ points }) => points).map(({ x }) => x));
  const isPlainShare = unit === "share" && lowY >= 0 && highY <= 1;
  const yScale = isPlainShare ? { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1] } : niceScale(lowY, highY);
  const spanX = Math.max(1, lastX - firstX);
  const toX = (x: number) => LEFT + ((x - firstX) / spanX) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number) => TOP + ((yScale.high - y) / (yScale.high - yScale.low)) * (HEIGHT - TOP - BOTTOM);
  const label = (y: number) => (unit === "share" ? percent(y, 0) : shortNumber(y));
  const xTicks = niceScale(firstX, firstX + spanX, 6).ticks.filter((x) => x >= firstX && x <= lastX && Number.isInteger(x));

  const grid = yScale.ticks.map((y) => {
    const rule = markup`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(toY(y))}" y2="${fixed(toY(y))}"/>`;
    return [rule, markup`<text class="tick" x="${LEFT - 6}" y="${fixed(toY(y) + 3.5)}" text-anchor="end">${label(y)}</text>`];
  });
  const steps = xTicks.map(
    (x) =>
      markup`<text class="tick" x="${fixed(toX(x))}" y="${HEIGHT - 22}" text-anchor="${toX(x) > WIDTH - 24 ? "end" : "middle"}">${x}</text>`,
  );
  const names = markup`<text class="axis" x="2" y="12">${axis}</text>
    <text class="axis" x="${fixed((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 6}" text-anchor="middle">${xName}</text>`;
  const begins = marks.filter(({ x }) => x > firstX && x <= lastX).map(({ x, label: text }) => markAt(toX(x), text));
  const lines = shown.map(({ points, mean, style, isFaint = false }) => {
    const draw = (part: readonly Point[], kind: string) => markup`<path class="line s${style} ${kind}" d="${pathOf(part, toX, toY)}"/>`;
    const dots =
      points.length <= 12 && !isFaint
        ? points
            .filter(({ y }) => Number.isFinite(y))
            .map(({ x, y }) => markup`<circle class="dot s${style}" cx="${fixed(toX(x))}" cy="${fixed(toY(y))}" r="2.5"/>`)
        : undefined;
    const intervals = isFaint ? undefined : points.map((point) => intervalAt(point, style, toX, toY));
    return mean === undefined
      ? [draw(points, isFaint ? "faint" : ""), intervals, dots]
      : [draw(points, "faint"), intervals, draw(mean, "")];
  });
  const data = JSON.stringify(
    shown.map(({ name, points }) => [name, points.map((point) => [point.x, pointText(point, unit), fixed(toX(point.x))])]),
  );
  const words = describeChart(series, { title, unit, x: xName });
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${words}" data-x="${xName}" data-series="${data}">
    ${grid}${steps}${names}${begins}${lines}
    <line class="cursor" x1="0" x2="0" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />
  </svg>`;
}

function range(values: readonly number[]): [low: number, high: number] {
  return values.reduce<[number, number]>(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [values[0]!, values[0]!]);
}

/** A point's interval as a bar with feet. */
function intervalAt({ x, y, interval }: Point, style: number, toX: (x: number) => number, toY: (y: number) => number): Html | undefined {
  if (interval === undefined || !Number.isFinite(y)) return undefined;
  const [at, low, high] = [toX(x), fixed(toY(interval[0])), fixed(toY(interval[1]))];
  const [left, right] = [fixed(at - 2.5), fixed(at + 2.5)];
  return markup`<path class="interval s${style}" d="M${left} ${low}H${right}M${fixed(at)} ${low}V${high}M${left} ${high}H${right}"/>`;
}

/** A dashed line with its name on the side that has room. */
function markAt(x: number, text: string): Html {
  const isFarRight = x > WIDTH * 0.7;
  const textX = fixed(isFarRight ? x - 4 : x + 4);
  return markup`<line class="mark" x1="${fixed(x)}" x2="${fixed(x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>
    <text class="tick" x="${textX}" y="${TOP + 9}" text-anchor="${isFarRight ? "end" : "start"}">${text.slice(0, 24)}</text>`;
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

function pathOf(points: readonly Point[], toX: (x: number) => number, toY: (y: number) => number): string {
  let isOpen = false;
  return points
    .map(({ x, y }) => {
      if (!Number.isFinite(y)) {
        isOpen = false;
        return "";
      }
      const command = isOpen ? "L" : "M";
      isOpen = true;
      return `${command}${fixed(toX(x))} ${fixed(toY(y))}`;
    })
    .join("");
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

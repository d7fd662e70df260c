import { markup, type Html } from "./page.js";
import { percent } from "./phase-title.js";
import { niceScale, shortNumber } from "./scale.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** In order of x; values that are not finite leave gaps. */
  readonly points: readonly Point[];
  /** Colour and dashes, by default those of the place in the list. */
  readonly style?: number;
  /** Drawn thin, behind what matters. */
  readonly isFaint?: boolean;
}

export interface LineChartOptions {
  readonly title: string;
  readonly unit: "share" | "number";
  /** Draw a trailing mean over many noisy steps. */
  readonly smooth: boolean;
  /** Steps at which something began, and what. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

const WIDTH = 360;
const HEIGHT = 190;
const LEFT = 46;
const RIGHT = 10;
const TOP = 12;
const BOTTOM = 24;
/** More points than these are thinned out; a screen shows no more. */
const MOST_POINTS = 300;
/** From so many points on, single steps are faint and their trailing mean is drawn over them. */
const SMOOTH_FROM = 30;

/** Lines over steps as one SVG, with its numbers in `data-series` for the readout under the pointer. */
export function lineChart(series: readonly Series[], { title, unit, smooth, marks = [] }: LineChartOptions): Html {
  const shown = series.map((line, index) => ({ ...line, style: (line.style ?? index) % 6, points: thin(line.points) }));
  const finite = shown.flatMap(({ points }) => points).filter(({ y }) => Number.isFinite(y));
  if (finite.length === 0) return markup`<p class="empty">No finite value was logged.</p>`;
  const ys = finite.map(({ y }) => y);
  const xs = shown.flatMap(({ points }) => points).map(({ x }) => x);
  const yScale = unit === "share" ? { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1] } : niceScale(Math.min(...ys), Math.max(...ys));
  const [firstX, lastX] = [Math.min(...xs), Math.max(...xs)];
  const spanX = Math.max(1, lastX - firstX);
  const toX = (x: number) => LEFT + ((x - firstX) / spanX) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number) => TOP + ((yScale.high - y) / (yScale.high - yScale.low)) * (HEIGHT - TOP - BOTTOM);
  const label = (y: number) => (unit === "share" ? percent(y, 0) : shortNumber(y));
  const xTicks = niceScale(firstX, firstX + spanX, 6).ticks.filter((x) => x >= firstX && x <= lastX && Number.isInteger(x));

  const grid = yScale.ticks.map((y) => {
    const rule = markup`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(toY(y))}" y2="${fixed(toY(y))}"/>`;
    return [rule, markup`<text class="tick" x="${LEFT - 6}" y="${fixed(toY(y) + 3.5)}" text-anchor="end">${label(y)}</text>`];
  });
  const steps = xTicks.map((x) => markup`<text class="tick" x="${fixed(toX(x))}" y="${HEIGHT - 8}" text-anchor="middle">${x}</text>`);
  const begins = marks.filter(({ x }) => x > firstX && x <= lastX).map(({ x, label: text }) => markAt(toX(x), text));
  const lines = shown.map(({ points, style, isFaint = false }) => {
    const draw = (part: readonly Point[], kind: string) => markup`<path class="line s${style} ${kind}" d="${pathOf(part, toX, toY)}"/>`;
    const dots =
      points.length <= 12 && !isFaint
        ? points
            .filter(({ y }) => Number.isFinite(y))
            .map(({ x, y }) => markup`<circle class="dot s${style}" cx="${fixed(toX(x))}" cy="${fixed(toY(y))}" r="2.5"/>`)
        : undefined;
    return smooth && points.length >= SMOOTH_FROM
      ? [draw(points, "faint"), draw(trailingMean(points), "")]
      : [draw(points, isFaint ? "faint" : ""), dots];
  });
  const data = JSON.stringify(
    shown.map(({ name, points }) => [name, points.map(({ x, y }) => [x, Number.isFinite(y) ? exactLabel(y, unit) : "–", fixed(toX(x))])]),
  );
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title} over steps" data-series="${data}">
    ${grid}${steps}${begins}${lines}
    <line class="cursor" x1="0" x2="0" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />
  </svg>`;
}

/** A dashed line with its name on the side that has room. */
function markAt(x: number, text: string): Html {
  const isFarRight = x > WIDTH * 0.7;
  const textX = fixed(isFarRight ? x - 4 : x + 4);
  return markup`<line class="mark" x1="${fixed(x)}" x2="${fixed(x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>
    <text class="tick" x="${textX}" y="${TOP + 9}" text-anchor="${isFarRight ? "end" : "start"}">${text.slice(0, 24)}</text>`;
}

function exactLabel(y: number, unit: "share" | "number"): string {
  return unit === "share" ? percent(y) : shortNumber(y);
}

/** Mean over the last twentieth of the points, at least five. */
function trailingMean(points: readonly Point[]): Point[] {
  const window = Math.max(5, Math.round(points.length / 20));
  return points.map(({ x }, i) => {
    const part = points.slice(Math.max(0, i - window + 1), i + 1).filter(({ y }) => Number.isFinite(y));
    return { x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}

function thin(points: readonly Point[]): readonly Point[] {
  const stride = Math.ceil(points.length / MOST_POINTS);
  return stride <= 1 ? points : points.filter((_, i) => i % stride === 0 || i === points.length - 1);
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

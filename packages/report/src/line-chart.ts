import { chartDescription, type DescribedLine, type DescribedPoint, type LineChartOptions } from "./chart-description.js";
import { markup, type Html } from "./markup.js";
import { niceScale } from "./scale.js";
import type { Series } from "./series.js";

const WIDTH = 360;
const HEIGHT = 214;
const LEFT = 46;
const RIGHT = 10;
const TOP = 26;
const BOTTOM = 38;
/** Up to so many points of a line have dots. */
const MOST_DOTS = 12;

/** Where a step or a value is drawn. */
interface Places {
  toX(x: number): number;
  toY(y: number): number;
}

/** Stands where a chart would. */
export const NO_VALUE = markup`<p class="empty">No finite value was logged.</p>`;

/** Lines over steps as one SVG, with its numbers in `data-series` for the readout, and itself in words. */
export function lineChart(series: readonly Series[], options: LineChartOptions): Html {
  const chart = chartDescription(series, options);
  if (chart === undefined) return NO_VALUE;
  const { words, axis, x: xName, low, high, ticks, marks, lines } = chart;
  const [firstX, lastX] = chart.steps;
  const spanX = Math.max(1, lastX - firstX);
  const toX = (x: number) => LEFT + ((x - firstX) / spanX) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number) => TOP + ((high - y) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const xTicks = niceScale(firstX, firstX + spanX, 6).ticks.filter((x) => x >= firstX && x <= lastX && Number.isInteger(x));

  const grid = ticks.map(({ y, label }) => {
    const rule = markup`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(toY(y))}" y2="${fixed(toY(y))}"/>`;
    return [rule, markup`<text class="tick" x="${LEFT - 6}" y="${fixed(toY(y) + 3.5)}" text-anchor="end">${label}</text>`];
  });
  const steps = xTicks.map(
    (x) =>
      markup`<text class="tick" x="${fixed(toX(x))}" y="${HEIGHT - 22}" text-anchor="${toX(x) > WIDTH - 24 ? "end" : "middle"}">${x}</text>`,
  );
  const names = markup`<text class="axis" x="2" y="12">${axis}</text>
    <text class="axis" x="${fixed((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 6}" text-anchor="middle">${xName}</text>`;
  const begins = marks.map(({ x, label }) => markAt(toX(x), label));
  const data = JSON.stringify(lines.map(({ name, points }) => [name, points.map(({ x, text }) => [x, text, fixed(toX(x))])]));
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${words}" data-x="${xName}" data-series="${data}">
    ${grid}${steps}${names}${begins}${lines.map((line) => drawLine(line, { toX, toY }))}
    <line class="cursor" x1="0" x2="0" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />
  </svg>`;
}

function drawLine({ points, mean, style, isFaint }: DescribedLine, places: Places): Html {
  const draw = (part: readonly Pick<DescribedPoint, "x" | "y">[], kind: string) =>
    markup`<path class="line s${style} ${kind}" d="${pathOf(part, places)}"/>`;
  const intervals = isFaint ? undefined : points.map((point) => intervalAt(point, style, places));
  if (mean !== undefined) return markup`${draw(points, "faint")}${intervals}${draw(mean, "")}`;
  const dots = points.length <= MOST_DOTS && !isFaint ? points.map((point) => dotAt(point, style, places)) : undefined;
  return markup`${draw(points, isFaint ? "faint" : "")}${intervals}${dots}`;
}

function dotAt({ x, y }: DescribedPoint, style: number, { toX, toY }: Places): Html | undefined {
  return y === null ? undefined : markup`<circle class="dot s${style}" cx="${fixed(toX(x))}" cy="${fixed(toY(y))}" r="2.5"/>`;
}

/** A point's interval as a bar with feet. */
function intervalAt({ x, interval }: DescribedPoint, style: number, { toX, toY }: Places): Html | undefined {
  if (interval === undefined) return undefined;
  const [at, low, high] = [toX(x), fixed(toY(interval[0])), fixed(toY(interval[1]))];
  const [left, right] = [fixed(at - 2.5), fixed(at + 2.5)];
  return markup`<path class="interval s${style}" d="M${left} ${low}H${right}M${fixed(at)} ${low}V${high}M${left} ${high}H${right}"/>`;
}

/** A dashed line with its name on the side that has room. */
function markAt(x: number, text: string): Html {
  const isFarRight = x > WIDTH * 0.7;
  const textX = fixed(isFarRight ? x - 4 : x + 4);
  return markup`<line class="mark" x1="${fixed(x)}" x2="${fixed(x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>
    <text class="tick" x="${textX}" y="${TOP + 9}" text-anchor="${isFarRight ? "end" : "start"}">${text}</text>`;
}

function pathOf(points: readonly Pick<DescribedPoint, "x" | "y">[], { toX, toY }: Places): string {
  let isOpen = false;
  return points
    .map(({ x, y }) => {
      if (y === null || !Number.isFinite(y)) {
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

import { niceScale } from "@retool-ts/report";
import type { BandPoint } from "./learning-curves.js";

/** A line of the figure. */
export interface FigureLine {
  readonly name: string;
  readonly points: readonly BandPoint[];
}

const WIDTH = 480;
const HEIGHT = 300;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 44;
const LEGEND_ROW = 16;

/**
 * Colours that colour-blind readers tell apart, and that print apart with the dashes beside them.
 *
 * Okabe and Ito, "Color Universal Design" (2008).
 */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 2"];

/** Accuracy over the steps of reinforcement learning with bands, as one SVG file with its styles in it; empty text without any evaluation. */
export function curveFigure(lines: readonly FigureLine[]): string {
  const drawn = lines.map((line, index) => ({ ...line, index })).filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return "";
  const last = Math.max(...drawn.flatMap(({ points }) => points.map(({ step }) => step)));
  const x = (step: number) => fixed(LEFT + (step / last) * (WIDTH - LEFT - RIGHT));
  const y = (share: number) => fixed(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM));
  const height = HEIGHT + drawn.length * LEGEND_ROW;
  const parts = [
    ...[0, 0.25, 0.5, 0.75, 1].map(
      (share) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}" stroke="#ccc"/>` +
        `<text x="${LEFT - 6}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text>`,
    ),
    ...stepTicks(last).map((step) => `<text x="${x(step)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${step}</text>`),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">steps of reinforcement learning</text>`,
    `<text x="14" y="${(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(TOP + HEIGHT - BOTTOM) / 2})">validation accuracy</text>`,
    ...drawn.map(({ points, index }) => band(points, colourOf(index), x, y)),
    ...drawn.map(({ points, index }) => {
      const path = points.map(({ step, mean }, i) => `${i === 0 ? "M" : "L"}${x(step)} ${y(mean)}`).join("");
      return `<path d="${path}" ${stroke(index)}/>`;
    }),
    ...drawn.map(({ name, index }, row) => {
      const at = HEIGHT + row * LEGEND_ROW;
      return `<path d="M${LEFT} ${at}h28" ${stroke(index)}/><text x="${LEFT + 36}" y="${at + 4}">${escapeXml(name)}</text>`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">\n${parts.filter((part) => part !== "").join("\n")}\n</svg>\n`;
}

/** The interval of each step, from the first to the last that has one. */
function band(points: readonly BandPoint[], colour: string, x: (step: number) => number, y: (share: number) => number): string {
  const ends = points.flatMap(({ step, interval }) => (interval === null ? [] : [{ step, interval }]));
  if (ends.length < 2) return "";
  const upper = ends.map(({ step, interval }) => `${x(step)} ${y(interval[1])}`);
  const lower = ends.map(({ step, interval }) => `${x(step)} ${y(interval[0])}`).toReversed();
  return `<path d="M${[...upper, ...lower].join("L")}Z" fill="${colour}" fill-opacity="0.15"/>`;
}

/** Five or so round steps up to the last. */
function stepTicks(last: number): readonly number[] {
  return niceScale(0, last, 5).ticks.filter((step) => step <= last && Number.isInteger(step));
}

function stroke(index: number): string {
  const dash = DASHES[index % DASHES.length]!;
  return `fill="none" stroke="${colourOf(index)}" stroke-width="2"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function fixed(value: number): number {
  return Number(value.toFixed(1));
}

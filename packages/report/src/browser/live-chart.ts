import uPlot from "uplot";
import type { ChartDescription, DescribedLine } from "../chart-description.js";
import { ChartColours } from "./chart-colours.js";
import { Readout } from "./readout.js";
import { drawIntervals, drawMarks } from "./live-drawing.js";

const FONT = "11px system-ui, sans-serif";
const HEIGHT = 190;
/** Up to so many points of a line have dots. */
const MOST_DOTS = 12;
const FAINT = 0.35;
/** Of a zoom's width, what one key press takes away. */
const ZOOM = 0.6;

/**
 * A chart drawn by uPlot in the place that {@link chartFigure} left for it. A drag along it, or the plus key, zooms in; a double click or the
 * zero key shows all again. It follows the size of its place and the page's colours.
 */
export class LiveChart {
  readonly #place: HTMLElement;
  readonly #colours: ChartColours;
  readonly #readout: Readout;
  readonly #sizes: ResizeObserver;
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  #chart: ChartDescription;
  #plot: uPlot | undefined;
  #isMarking = false;

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#chart = describedIn(place);
    this.#colours = new ChartColours(place);
    this.#readout = new Readout(place, this.#chart, (step) => this.#mark(step));
    // A chart inside something folded has no size, and is drawn once that is opened.
    this.#sizes = new ResizeObserver(() => this.#fit());
    this.#sizes.observe(place);
    this.#dark.addEventListener("change", this.#recolour);
    place.addEventListener("keydown", (event) => this.#zoomBy(event));
  }

  /** Draws what another place describes instead, with the same zoom and at the same step. */
  update(place: HTMLElement): void {
    const before = this.#chart;
    this.#chart = describedIn(place);
    for (const { name, value } of place.attributes)
      if (name === "aria-label" || name === "data-chart") this.#place.setAttribute(name, value);
    this.#place.querySelector(".axis")!.textContent = this.#chart.axis;
    if (shapeOf(before) === shapeOf(this.#chart) && this.#plot !== undefined) {
      const { min, max } = this.#plot.scales["x"]!;
      const isWhole = min! <= before.steps[0] && max! >= before.steps[1];
      this.#plot.setData(dataOf(this.#chart), isWhole);
      if (!isWhole) this.#plot.redraw();
    } else {
      this.#plot?.destroy();
      this.#plot = undefined;
      this.#fit();
    }
  }

  /** Tells the values of the figure that the chart is in by now. */
  resume(): void {
    this.#readout.update(this.#chart);
  }

  destroy(): void {
    this.#sizes.disconnect();
    this.#dark.removeEventListener("change", this.#recolour);
    this.#plot?.destroy();
  }

  readonly #recolour = (): void => this.#plot?.redraw(false, true);

  #fit(): void {
    const width = Math.floor(this.#place.clientWidth);
    if (width === 0) return;
    if (this.#plot === undefined) this.#plot = new uPlot(this.#options(width), dataOf(this.#chart), this.#place);
    else if (this.#plot.width !== width) this.#plot.setSize({ width, height: HEIGHT });
  }

  #mark(step: number | undefined): void {
    const plot = this.#plot;
    if (plot === undefined) return;
    this.#isMarking = true;
    plot.setCursor({ left: step === undefined ? -10 : plot.valToPos(step, "x"), top: -10 });
    this.#isMarking = false;
  }

  #zoomBy({ key }: KeyboardEvent): void {
    const plot = this.#plot;
    const factor = { "+": ZOOM, "=": ZOOM, "-": 1 / ZOOM, "0": Infinity }[key];
    if (plot === undefined || factor === undefined) return;
    const [first, last] = this.#chart.steps;
    const { min, max } = plot.scales["x"]!;
    const width = Math.max(1, (max! - min!) * factor);
    const middle = Math.min(last, Math.max(first, Number(this.#place.getAttribute("aria-valuenow"))));
    const from = Math.max(first, Math.min(middle - width / 2, last - width));
    plot.setScale("x", width >= last - first ? { min: first, max: Math.max(last, first + 1) } : { min: from, max: from + width });
  }

  #options(width: number): uPlot.Options {
    const named = (name: string) => () => this.#colours.named(name);
    const axis = { stroke: named("--soft"), font: FONT, ticks: { show: false } };
    return {
      width,
      height: HEIGHT,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
      scales: {
        x: { time: false, range: (_, min, max) => [min, max > min ? max : min + 1] },
        y: { range: () => [this.#chart.low, this.#chart.high] },
      },
      axes: [
        { ...axis, label: this.#chart.x, labelFont: FONT, labelSize: 16, labelGap: 0, size: 24, gap: 4, space: 48, grid: { show: false }, incrs: WHOLE, values: (_, steps) => steps.map(String) }, // prettier-ignore
        {
          ...axis,
          size: 46,
          gap: 4,
          grid: { stroke: named("--grid"), width: 1 },
          splits: () => this.#chart.ticks.map(({ y }) => y),
          values: () => this.#chart.ticks.map(({ label }) => label),
        },
      ],
      series: [{}, ...this.#chart.lines.flatMap((line) => this.#seriesOf(line))],
      hooks: {
        draw: [
          (plot) => {
            drawIntervals(plot, this.#chart, this.#colours);
            drawMarks(plot, this.#chart, { colour: this.#colours.named("--soft"), font: FONT });
          },
        ],
        setCursor: [(plot) => this.#follow(plot)],
      },
    };
  }

  /** One series, or a faint one of the single steps and a strong one of their mean. */
  #seriesOf({ style, isFaint, points, mean }: DescribedLine): uPlot.Series[] {
    const series = (kind: string, hasDots: boolean): uPlot.Series => {
      const { dash, width } = this.#colours.line(style, kind);
      const colour = () => this.#colours.line(style).colour;
      const dots = { show: hasDots, size: 6, width: 0, stroke: colour, fill: colour };
      return { stroke: colour, width, dash, alpha: kind === "faint" ? FAINT : 1, points: dots };
    };
    if (mean !== undefined) return [series("faint", false), series("", false)];
    return [series(isFaint ? "faint" : "", points.length <= MOST_DOTS && !isFaint)];
  }

  /** Tells what the pointer is at. */
  #follow(plot: uPlot): void {
    if (this.#isMarking) return;
    const { idx, left } = plot.cursor;
    if (idx == null || left === undefined || left < 0) this.#readout.leave();
    else this.#readout.tell(plot.data[0][idx]!);
  }
}

/** Distances of numbers along an axis of steps. */
const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 8 }, (_, power) => digit * 10 ** power)).sort((a, b) => a - b);

function describedIn(place: HTMLElement): ChartDescription {
  return JSON.parse(place.dataset["chart"]!) as ChartDescription;
}

/** What cannot change without drawing anew. */
function shapeOf({ x, lines }: ChartDescription): string {
  return JSON.stringify([
    x,
    lines.map(({ style, isFaint, mean, points }) => [style, isFaint, mean === undefined, points.length <= MOST_DOTS]),
  ]);
}

/** Columns over all steps that any line has: null where a value is not finite, undefined where a line has no point. */
function dataOf({ lines }: ChartDescription): uPlot.AlignedData {
  const tables = lines.flatMap(({ points, mean }) => (mean === undefined ? [points] : [points, mean]));
  return uPlot.join(tables.map((table) => [table.map(({ x }) => x), table.map(({ y }) => y)]));
}

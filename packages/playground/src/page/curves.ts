import { CHARTS, chartFigure, type Html, markup, type Point } from "@retool-ts/report/parts";
import { showLive } from "@retool-ts/report/live";
import type { Measure, StepReport } from "../protocol.js";

/** Charts of the catalogue, and what is to be said beside its explanation. */
const SHOWN: readonly { readonly title: string; readonly more: string }[] = [
  { title: "Reward", more: "" },
  { title: "Accuracy", more: " Bars are 95 % intervals (Wilson) over the 200 held-out problems." },
  { title: "Code ratio", more: "" },
];

/** The curves, drawn again at each step. */
export class Curves {
  readonly #place: HTMLElement;
  readonly #points = new Map<string, Point[]>();
  #isStale = false;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Forgets all points. */
  clear(): void {
    this.#points.clear();
    showLive(this.#place, "");
  }

  addMeasure({ step, accuracy, interval, codeRatio }: Measure): void {
    this.#add("eval/accuracy", { x: step, y: accuracy, interval });
    this.#add("eval/code_ratio", { x: step, y: codeRatio });
    this.draw();
  }

  addStep({ step, reward, accuracy, codeRatio }: StepReport): void {
    this.#add("reward/mean", { x: step, y: reward });
    this.#add("reward/accuracy", { x: step, y: accuracy });
    this.#add("rollout/code_ratio", { x: step, y: codeRatio });
    this.draw();
  }

  /** Draws what has come; nothing while nobody looks. */
  draw(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    requestAnimationFrame(() => {
      this.#isStale = false;
      const figures = SHOWN.map(({ title, more }) => this.#figure(title, more));
      showLive(this.#place, markup`<div class="charts">${figures}</div>`.markup);
    });
  }

  #figure(title: string, more: string): Html | undefined {
    const { series, unit, axis, explanation } = CHARTS.find((chart) => chart.title === title)!;
    const lines = Object.entries(series).flatMap(([metric, name], style) => {
      const points = this.#points.get(metric);
      return points === undefined ? [] : [{ name, points, style }];
    });
    if (lines.length === 0) return undefined;
    return chartFigure(lines, { title, unit, axis, smooth: false, explanation: explanation + more, isLive: true });
  }

  #add(metric: string, point: Point): void {
    const points = this.#points.get(metric) ?? [];
    this.#points.set(metric, [...points.filter(({ x }) => x !== point.x), point]);
  }
}

import { CHARTS, chartFigure, type ChartSpec, type Point } from "@retool-ts/report/parts";
import type { Measure, StepReport } from "../protocol.js";

/** Defined by the script of every page of ours, which the build puts into this one: readouts for pointer and arrow keys. */
declare function enhance(root: ParentNode): void;

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
    place.replaceChildren(...SHOWN.map(() => document.createElement("div")));
  }

  /** Forgets all points. */
  clear(): void {
    this.#points.clear();
    for (const child of this.#place.children) child.replaceChildren();
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
      SHOWN.forEach(({ title, more }, index) => {
        const spec = CHARTS.find((chart) => chart.title === title)!;
        this.#drawOne(this.#place.children[index] as HTMLElement, spec, more);
      });
    });
  }

  #drawOne(place: HTMLElement, { title, series, unit, axis, explanation }: ChartSpec, more: string): void {
    const lines = Object.entries(series).flatMap(([metric, name], style) => {
      const points = this.#points.get(metric);
      return points === undefined ? [] : [{ name, points, style }];
    });
    if (lines.length === 0) return;
    const isOpen = place.querySelector("details")?.open === true;
    const isFocused = place.contains(document.activeElement) ? document.activeElement!.tagName : undefined;
    place.innerHTML = chartFigure(lines, { title, unit, axis: `${axis}`, smooth: false, explanation: explanation + more }).markup;
    enhance(place);
    if (isOpen) place.querySelector("details")!.open = true;
    if (isFocused !== undefined) place.querySelector<HTMLElement | SVGElement>(isFocused)?.focus({ preventScroll: true });
  }

  #add(metric: string, point: Point): void {
    const points = this.#points.get(metric) ?? [];
    this.#points.set(metric, [...points.filter(({ x }) => x !== point.x), point]);
  }
}

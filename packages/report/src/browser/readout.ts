/** A chart's values as they are told. */
export interface ToldChart {
  /** What its steps are called. */
  readonly x: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly { readonly x: number; readonly text: string }[] }[];
}

/**
 * The values at one step of a chart, beside its title: of the step that a pointer is at, or that arrow keys lead to. A chart with a readout is
 * a slider to assistive technology, which says the values as they change.
 */
export class Readout {
  readonly #element: HTMLElement | SVGElement;
  readonly #mark: (step: number | undefined) => void;
  #chart: ToldChart;
  #steps: readonly number[] = [];
  #before = "";
  #at = 0;
  #isOn = false;

  /** @param mark - shows in the chart which step it is; undefined for none. */
  constructor(element: HTMLElement | SVGElement, chart: ToldChart, mark: (step: number | undefined) => void) {
    this.#element = element;
    this.#mark = mark;
    this.#chart = chart;
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "slider");
    element.addEventListener("focus", () => this.tell(this.#steps[this.#at]!));
    element.addEventListener("blur", () => this.leave());
    element.addEventListener("keydown", (event) => this.#move(event as KeyboardEvent));
    this.update(chart);
  }

  get steps(): readonly number[] {
    return this.#steps;
  }

  /** Takes other values, in a figure that says the newest. A reader who was at the newest stays there. */
  update(chart: ToldChart): void {
    const wasLast = this.#at === this.#steps.length - 1;
    const before = this.#steps[this.#at];
    this.#chart = chart;
    this.#steps = [...new Set(chart.lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
    const same = this.#steps.findIndex((step) => step === before);
    this.#at = before === undefined || wasLast || same < 0 ? this.#steps.length - 1 : same;
    this.#before = this.#output?.textContent ?? "";
    this.#element.setAttribute("aria-valuemin", String(this.#steps[0]));
    this.#element.setAttribute("aria-valuemax", String(this.#steps.at(-1)));
    this.#element.setAttribute("aria-valuenow", String(this.#steps[this.#at]));
    if (this.#isOn) this.tell(this.#steps[this.#at]!);
  }

  /** Tells the values at the step that is nearest. */
  tell(step: number): void {
    this.#at = this.#nearest(step);
    const at = this.#steps[this.#at]!;
    const { x, lines } = this.#chart;
    const values = lines.flatMap(({ name, points }) => {
      const point = points.find((other) => other.x === at);
      return point === undefined ? [] : [`${lines.length > 1 ? `${name} ` : ""}${point.text}`];
    });
    const text = `${x} ${at}: ${values.join(", ")}`;
    this.#isOn = true;
    if (this.#output !== undefined) this.#output.textContent = text;
    this.#element.setAttribute("aria-valuenow", String(at));
    this.#element.setAttribute("aria-valuetext", text);
    this.#mark(at);
  }

  leave(): void {
    this.#isOn = false;
    if (this.#output !== undefined) this.#output.textContent = this.#before;
    this.#mark(undefined);
  }

  get #output(): HTMLOutputElement | undefined {
    return this.#element.closest("figure")?.querySelector("output") ?? undefined;
  }

  #nearest(step: number): number {
    return this.#steps.reduce((best, other, index) => (Math.abs(other - step) < Math.abs(this.#steps[best]! - step) ? index : best), 0);
  }

  #move(event: KeyboardEvent): void {
    const far = Math.ceil(this.#steps.length / 10);
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -far,
      PageUp: far,
      Home: -this.#steps.length,
      End: this.#steps.length,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.tell(this.#steps[Math.min(this.#steps.length - 1, Math.max(0, this.#at + move))]!);
  }
}

/** How a line is drawn, as the page's style has it. */
export interface LineStyle {
  readonly colour: string;
  readonly dash: number[];
  readonly width: number;
}

/**
 * Reads colours and dashes out of the page's style sheet, the same that draws the SVG of a report, so that a canvas follows it, dark mode as well.
 */
export class ChartColours {
  readonly #place: HTMLElement;
  readonly #probe = document.createElementNS("http://www.w3.org/2000/svg", "path");

  constructor(place: HTMLElement) {
    this.#place = place;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.classList.add("probe");
    svg.append(this.#probe);
    place.append(svg);
  }

  /** A line's style by the classes that the SVG of a report would give it. */
  line(style: number, kind = ""): LineStyle {
    this.#probe.setAttribute("class", `line s${style} ${kind}`);
    const { color, strokeDasharray, strokeWidth } = getComputedStyle(this.#probe);
    const dash = strokeDasharray === "none" ? [] : strokeDasharray.split(/[\s,]+/).map((length) => Number.parseFloat(length));
    return { colour: color, dash, width: Number.parseFloat(strokeWidth) };
  }

  /** A colour of the page by its name, such as `--grid`. */
  named(name: string): string {
    return getComputedStyle(this.#place).getPropertyValue(name).trim();
  }
}

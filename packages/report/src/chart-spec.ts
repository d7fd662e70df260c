/** One chart: the metrics in it, and their meaning. */
export interface ChartSpec {
  readonly title: string;
  /**
   * Metric names and what each line is called. A name that ends in `/` stands for all metrics under it, one with a `*` for all that have
   * something in its place; their lines are called by that.
   */
  readonly series: Readonly<Record<string, string>>;
  /** Metrics that belong to the chart and have no line of their own, such as the bounds of an interval; with `*` as in `series`. */
  readonly undrawn?: readonly string[];
  /** What the vertical axis counts, with its unit. */
  readonly axis: string;
  /** `share` is drawn between 0 and 100 %. */
  readonly unit: "share" | "number";
  /** True for what follows a schedule and so has no noise to smooth away. */
  readonly isExact?: true;
  readonly explanation: string;
}

/** The part of a metric's name that its family in a chart leaves open; undefined where it is not of that family. */
export function familyMember(family: string, name: string): string | undefined {
  const [start, end] = family.endsWith("/") ? [family, ""] : family.split("*");
  const isMember = end !== undefined && name.length > start!.length + end.length && name.startsWith(start!) && name.endsWith(end);
  return isMember ? name.slice(start!.length, name.length - end.length) : undefined;
}

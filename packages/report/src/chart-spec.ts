/** One chart: the metrics in it, and their meaning. */
export interface ChartSpec {
  readonly title: string;
  /** Metric names and what each line is called; a name that ends in `/` stands for all metrics under it. */
  readonly series: Readonly<Record<string, string>>;
  /** What the vertical axis counts, with its unit. */
  readonly axis: string;
  /** `share` is drawn between 0 and 100 %. */
  readonly unit: "share" | "number";
  /** True for what follows a schedule and so has no noise to smooth away. */
  readonly isExact?: true;
  readonly explanation: string;
}

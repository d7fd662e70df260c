/**
 * Parts of pages without anything of Node: charts, cards of rollouts and their style, for pages that draw in the browser itself.
 *
 * @packageDocumentation
 */
export { chartFigure, type ChartFigureOptions } from "./chart-figure.js";
export { type ChartSpec } from "./chart-spec.js";
export type { ChartDescription, DescribedLine, DescribedPoint, LineChartOptions } from "./chart-description.js";
export { type Html, type HtmlValue, markup, modelText } from "./markup.js";
export { CHARTS } from "./metric-catalogue.js";
export { percent } from "./phase-title.js";
export { renderBlock, renderRollout, type RolloutCardOptions } from "./rollout-card.js";
export { type ChartUnit, type Point, type Series } from "./series.js";
export { STYLE } from "./style.js";

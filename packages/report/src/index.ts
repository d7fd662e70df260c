/**
 * A run as one HTML page, and its analysis as data.
 *
 * @packageDocumentation
 */
export { analysisJson } from "./analysis-json.js";
export { formatBytes, formatDuration } from "./duration.js";
export { type GroupColumn, renderColumns } from "./group-bars.js";
export { renderRecord } from "./inspect-record.js";
export { chartFigure, type ChartFigureOptions } from "./chart-figure.js";
export { lineChart, type LineChartOptions } from "./line-chart.js";
export type { ChartUnit, Point, Series } from "./series.js";
export { type Html, type HtmlValue, markup } from "./markup.js";
export { type PageOptions, renderPage, type Section } from "./page.js";
export { type RecordPair, RecordSample } from "./record-sample.js";
export { renderReport } from "./render-report.js";
export {
  callsWithContext,
  CHECKPOINT_PHASE,
  type LabelRequest,
  type PurposeOf,
  type RunAnalysis,
  type AnalyzedStep,
  type CorrectionCase,
  type ProblemHistory,
} from "./run-analysis.js";
export { type LoadOptions, loadRunData, type RunData } from "./run-data.js";
export { renderTable, type TableOptions } from "./table.js";
export { writeReport } from "./write-report.js";

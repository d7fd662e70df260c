/**
 * A run as one HTML page, and its analysis as data.
 *
 * @packageDocumentation
 */
export { analysisJson } from "./analysis-json.js";
export { formatBytes, formatDuration } from "./duration.js";
export { type GroupColumn, renderColumns } from "./group-bars.js";
export { renderRecord } from "./inspect-record.js";
export { lineChart, type LineChartOptions, type Point, type Series } from "./line-chart.js";
export { type Html, type HtmlValue, markup, renderPage, type Section } from "./page.js";
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
export { loadRunData, type RunData } from "./run-data.js";
export { writeReport } from "./write-report.js";

/**
 * A run as one HTML page, and its analysis as data.
 *
 * @packageDocumentation
 */
export { analysisJson } from "./analysis-json.js";
export { type CurveOptions, renderRunCurves } from "./curves.js";
export type { CurveSource } from "./curve-series.js";
export { formatBytes, formatDuration } from "./duration.js";
export { type GroupColumn, renderColumns } from "./group-bars.js";
export { renderRecord } from "./inspect-record.js";
export { chartFigure, type ChartFigureOptions } from "./chart-figure.js";
export type { ChartDescription, DescribedLine, DescribedPoint, LineChartOptions } from "./chart-description.js";
export { lineChart } from "./line-chart.js";
export type { ChartUnit, Point, Series } from "./series.js";
export { type Html, type HtmlValue, markup, modelText } from "./markup.js";
export { type ChartSpec } from "./chart-spec.js";
export { CHARTS } from "./metric-catalogue.js";
export { METRIC_MEANINGS, RECORD_FIELDS, TIMING_MEANINGS, TOOL_MEANINGS } from "./metric-meanings.js";
export { TIMING_CHARTS } from "./timing-charts.js";
export { type PageOptions, renderPage, type Section } from "./page.js";
export { type RecordPair, RecordSample } from "./record-sample.js";
export { percent, phaseTitle } from "./phase-title.js";
export { problemFacts, renderPrompt, renderRollout, type RolloutCardOptions } from "./rollout-card.js";
export { flattenConfig, renderConfig, type Setting } from "./run-settings.js";
export { renderReport } from "./render-report.js";
export { niceScale, type Scale } from "./scale.js";
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

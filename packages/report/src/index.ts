/**
 * A run as one HTML page, and its analysis as data.
 *
 * @packageDocumentation
 */
export { analysisJson } from "./analysis-json.js";
export { formatBytes, formatDuration } from "./duration.js";
export { renderColumns } from "./group-bars.js";
export { renderRecord } from "./inspect-record.js";
export { lineChart, type Series } from "./line-chart.js";
export { type Html, markup, renderPage, type Section } from "./page.js";
export { type RecordPair, RecordSample } from "./record-sample.js";
export { renderReport } from "./render-report.js";
export { callsWithContext, CHECKPOINT_PHASE, type LabelRequest, type PurposeOf } from "./run-analysis.js";
export { loadRunData, type RunData } from "./run-data.js";
export { writeReport } from "./write-report.js";

import { formatTable } from "../shell/text-table.js";
import type { MetricsDifference, RunDifference, ValueDifference } from "./run-difference.js";

/** Longest text of a value in a table. */
const MAX_VALUE = 48;

/** A difference for a person: tables of what differs, and a line for each part that does not. */
export function differenceText(difference: RunDifference, width?: number): string {
  const { config, environment, data, metrics, files } = difference;
  const part = (title: string, values: readonly ValueDifference[]) =>
    values.length === 0 ? `${title}: the same` : `${title}\n${valueTable(values, width)}`;
  const same = files.filter(({ state }) => state === "same").length;
  const others = files.filter(({ state }) => state !== "same").map(({ file, state }) => `  ${file}: ${state}`);
  return [
    part("config", config),
    part("program and machine", environment),
    part("models and data", data),
    metricsText(metrics, width),
    [`files: ${same} of ${files.length} are the same to the byte`, ...others].join("\n"),
  ].join("\n\n");
}

function metricsText({ recordsA, recordsB, equalRecords, first, last }: MetricsDifference, width?: number): string {
  if (first === undefined && recordsA === recordsB) return `metrics: the same, ${recordsA} records`;
  const counts = `metrics: ${recordsA} and ${recordsB} records, the first ${equalRecords} are equal`;
  const parts = first === undefined ? [counts] : [`${counts}; then ${first.place}`, valueTable(first.values, width)];
  return [...parts, ...(last.length === 0 ? [] : ["last values", valueTable(last, width)])].join("\n");
}

function valueTable(values: readonly ValueDifference[], width?: number): string {
  const rows = [["key", "A", "B"], ...values.map(({ key, a, b }) => [key, valueText(a), valueText(b)])];
  return width === undefined ? formatTable(rows) : formatTable(rows, width);
}

function valueText(value: unknown): string {
  if (value === undefined) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`;
}

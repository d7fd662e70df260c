import { formatTable } from "../shell/text-table.js";
import type { AnswersDifference } from "./answers-difference.js";
import type { MetricsDifference, RunDifference, ValueDifference } from "./run-difference.js";

/** Longest text of a value in a table. */
const MAX_VALUE = 48;

/** A difference for a person: tables of what differs, and a line for each part that does not. */
export function differenceText(difference: RunDifference, width?: number): string {
  const { config, environment, data, metrics, answers, files } = difference;
  const part = (title: string, values: readonly ValueDifference[]) =>
    values.length === 0 ? `${title}: the same` : `${title}\n${valueTable(values, width)}`;
  const same = files.filter(({ state }) => state === "same").length;
  const others = files.filter(({ state }) => state !== "same").map(({ file, state }) => `  ${file}: ${state}`);
  return [
    part("config", config),
    part("program and machine", environment),
    part("models and data", data),
    metricsText(metrics, width),
    ...(answers === undefined ? [] : [answersText(answers)]),
    [`files: ${same} of ${files.length} are the same to the byte`, ...others].join("\n"),
  ].join("\n\n");
}

function answersText({ pairs, unpaired, a, b, onlyA, onlyB, difference, interval, exact, midP }: AnswersDifference): string {
  const percent = (share: number) => (100 * share).toFixed(1);
  const range = ([low, high]: readonly [number, number]) => `${percent(low)} to ${percent(high)}`;
  const left = unpaired === 0 ? "" : `, and ${unpaired} that only one of them has`;
  return [
    `answers: ${pairs} of the same questions${left}`,
    `  A right ${percent(a.right)} % (95 % interval ${range(a.interval)}), B right ${percent(b.right)} % (${range(b.interval)})`,
    `  right in A alone ${onlyA}, in B alone ${onlyB}; B − A ${percent(difference)} points (paired bootstrap ${range(interval)})`,
    `  McNemar p = ${exact.toPrecision(2)} (exact), ${midP.toPrecision(2)} (mid-p)`,
  ].join("\n");
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

import type { ChartSpec } from "@retool-ts/report";
import { page, plain } from "./markdown-text.js";
import { anchor, CHARTS, METRIC_MEANINGS, RECORD_FIELDS, TIMING_CHARTS, TIMING_MEANINGS, TOOL_MEANINGS } from "./names.js";

/** The page of metrics: a section for each chart of a report, in its order. */
export function metricPage(): string {
  return page("Every metric", "What each number that a run records means, made from the table that reports are drawn from.", [
    'A run appends one record a step to `metrics.jsonl`. Each section is a chart of `retool report` and `retool watch`, with the metrics in it. A share lies between 0 and 1; charts show it in percent. What cannot be computed, such as a pass rate without calls, is `"NaN"`. [Reading metrics](../guide/metrics.md) says which to look at first.',
    "## Where a record belongs {#fields}",
    rows(RECORD_FIELDS),
    ...CHARTS.flatMap((chart) => section(chart, METRIC_MEANINGS)),
    "## Each tool {#tools}",
    "Every tool has a chart of its own where a run called more than one.",
    rows(TOOL_MEANINGS),
    "## Times and memory {#times}",
    "These stand in `timings.jsonl`, because they differ between equal runs.",
    ...TIMING_CHARTS.flatMap((chart) => section(chart, TIMING_MEANINGS)),
  ]);
}

function section({ title, explanation, axis, series, undrawn = [] }: ChartSpec, meanings: Readonly<Record<string, string>>): string[] {
  const names = [...Object.keys(series), ...undrawn].map((name) => (name.endsWith("/") ? `${name}*` : name));
  return [
    `## ${plain(title)} {#chart-${anchor(title)}}`,
    plain(explanation),
    `Vertical axis: ${plain(axis)}.`,
    rows(Object.fromEntries(names.map((name) => [name, meanings[name]!]))),
  ];
}

function rows(meanings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(meanings).map(
    ([name, meaning]) => `| <a id="${anchor(name)}"></a>\`${name}\` | ${plain(meaning, { inTable: true })} |`,
  );
  return `| metric | meaning |\n| --- | --- |\n${lines.join("\n")}`;
}

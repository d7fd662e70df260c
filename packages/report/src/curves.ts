import type { LogRecord } from "@retool-ts/runs";
import { markup, type Html } from "./page.js";
import { lineChart, type Point, type Series } from "./line-chart.js";
import { CHARTS, type ChartSpec } from "./metric-catalogue.js";
import { percent, phaseTitle } from "./phase-title.js";
import { shortNumber } from "./scale.js";

/** Charts of metrics that the catalogue does not know; more are named but not drawn. */
const MOST_OTHERS = 24;

/** Every metric over steps, by phase, each chart with a line on what it tells. */
export function renderCurves(metrics: readonly LogRecord[]): Html {
  if (metrics.length === 0) return markup`<p class="empty">This run logged no metrics.</p>`;
  const phases = new Map<string, LogRecord[]>();
  for (const record of metrics) {
    const phase = typeof record["phase"] === "string" ? record["phase"] : "";
    const records = phases.get(phase);
    if (records === undefined) phases.set(phase, [record]);
    else records.push(record);
  }
  // RL is what the reader came for; the rest follows in the order in which it happened.
  const order = [...phases.keys()].sort((a, b) => Number(isRl(b)) - Number(isRl(a)));
  return markup`<p class="why">
      Where there are many steps, faint lines are single steps and strong lines the mean of the last few. Point at a chart to read its
      values.
    </p>
    ${order.map((phase) => renderPhase(phase, phases.get(phase)!))}`;
}

function isRl(phase: string): boolean {
  return phase === "rl" || phase === "train";
}

function renderPhase(phase: string, records: readonly LogRecord[]): Html {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))].filter(
    (name) => name !== "step" && name !== `${phase}/step` && records.some((record) => typeof record[name] === "number"),
  );
  const marks = stageMarks(phase, records);
  const known = CHARTS.map((spec) => ({ spec, series: seriesOf(spec, names, phase, records) })).filter(({ series }) => series.length > 0);
  const charted = new Set(known.flatMap(({ spec }) => names.filter((name) => specHas(spec, name))));
  const others = names.filter((name) => !charted.has(name)).sort();
  const drawn = others.slice(0, MOST_OTHERS).map((name) => {
    const spec: ChartSpec = { title: name, series: { [name]: name }, unit: "number", explanation: "Logged by this run." };
    return renderChart(spec, seriesOf(spec, names, phase, records), marks);
  });
  const rest =
    others.length > MOST_OTHERS ? markup`<p>Not drawn: ${others.slice(MOST_OTHERS, MOST_OTHERS + 100).join(", ")}.</p>` : undefined;
  const more =
    others.length === 0
      ? undefined
      : markup`<details>
          <summary>${others.length} more metrics</summary>
          <div class="charts">${drawn}</div>
          ${rest}
        </details>`;
  return markup`<h3>${phase === "" ? "Metrics" : phaseTitle(phase)} <small>${records.length} steps</small></h3>
    <div class="charts">${known.map(({ spec, series }) => renderChart(spec, series, marks))}</div>
    ${more}`;
}

function renderChart(spec: ChartSpec, series: readonly Series[], marks: readonly { x: number; label: string }[]): Html {
  const format = (value: number) => (spec.unit === "share" ? percent(value) : shortNumber(value));
  const last = series.length === 1 ? series[0]!.points.findLast(({ y }) => Number.isFinite(y))?.y : undefined;
  const legend =
    series.length < 2
      ? undefined
      : markup`<p class="legend">${series.map(({ name }, i) => markup`<span><i class="key s${i % 6}"></i>${name}</span>`)}</p>`;
  return markup`<figure class="chart">
    <figcaption><b>${spec.title}</b><output>${last === undefined ? "" : `last ${format(last)}`}</output></figcaption>
    ${lineChart(series, { title: spec.title, unit: spec.unit, smooth: spec.isExact !== true, marks })}${legend}
    <p class="why">${spec.explanation}</p>
  </figure>`;
}

function specHas({ series }: ChartSpec, name: string): boolean {
  return Object.hasOwn(series, name) || Object.keys(series).some((key) => key.endsWith("/") && name.startsWith(key));
}

function seriesOf(spec: ChartSpec, names: readonly string[], phase: string, records: readonly LogRecord[]): Series[] {
  const isFamily = (name: string) => !Object.hasOwn(spec.series, name);
  return names
    .filter((name) => specHas(spec, name))
    .map((name) => ({ name, points: pointsOf(name, phase, records) }))
    .filter(({ name, points }) => !isFamily(name) || points.some(({ y }) => y > 0.005))
    .map(({ name, points }) => ({ name: isFamily(name) ? name.slice(name.indexOf("/") + 1) : spec.series[name]!, points }));
}

/** Steps are counted from the beginning of the phase where it logs them so. */
function pointsOf(name: string, phase: string, records: readonly LogRecord[]): Point[] {
  return records.flatMap((record, index) => {
    const y = record[name];
    return typeof y === "number" ? [{ x: stepOf(record, phase) ?? index, y }] : [];
  });
}

function stepOf(record: LogRecord, phase: string): number | undefined {
  const step = record[`${phase}/step`] ?? record["step"];
  return typeof step === "number" ? step : undefined;
}

/** Steps at which the stages of a phase after the first begin. */
function stageMarks(phase: string, records: readonly LogRecord[]): { x: number; label: string }[] {
  return records.flatMap((record, index) => {
    const { stage } = record;
    const before = records[index - 1]?.["stage"];
    return typeof stage === "string" && typeof before === "string" && stage !== before
      ? [{ x: stepOf(record, phase) ?? index, label: stage }]
      : [];
  });
}
